import { DistError, hasCode } from '@dist/errdefs'
import { algorithmOf, type Descriptor, type Digest, digestOf, parseManifest } from '@dist/oci'
import { readManifest } from '../manifest.js'
import type { Operation } from '../request/operation.js'

/** The tag that lists referrers at registries without the API (distribution spec, "Referrers Tag Schema"). */
export function referrersTag(digest: Digest): string {
  const colon = digest.indexOf(':')
  return `${digest.slice(0, colon).slice(0, 32)}-${digest.slice(colon + 1).slice(0, 64)}`
}

/**
 * Reads the list under the referrers tag of a digest. Empty if the tag names the subject itself: some registries answer
 * every digest's tag with the content of the digest. Throws `NOT_FOUND`, and `MALFORMED` or `NOT_IMPLEMENTED` for other
 * content.
 */
export async function readReferrersTag(
  operation: Operation,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const { desc, content } = await readManifest(operation, referrersTag(subject), undefined)
  if (digestOf(content, algorithmOf(subject)) === subject) return []
  return parseReferrers(content, desc.mediaType, operation.what)
}

/** Whether the referrers tag names other content than a list of referrers (R30). */
export function isOtherContent(error: unknown): boolean {
  return hasCode(error, 'MALFORMED', 'NOT_IMPLEMENTED')
}

/** The entries of a list of referrers, each once. Throws `MALFORMED` for other manifests, and as `parseManifest`. */
export function parseReferrers(content: Uint8Array, mediaType: string, what: string): readonly Descriptor[] {
  const manifest = parseManifest(content, mediaType, what)
  if (manifest.kind !== 'index')
    throw new DistError('MALFORMED', `${what}: ${manifest.mediaType} is not a list of referrers`)
  return [...new Map(manifest.manifests.map((entry) => [entry.digest, entry])).values()]
}
