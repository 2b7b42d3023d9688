import { DistError } from '@dist/errdefs'
import { algorithmOf, type Descriptor, type Digest, digestOf, parseManifest } from '@dist/oci'
import type { ReadManifest } from '../manifest.js'

/** The tag under which referrers stand at registries without an API for them (distribution spec, "Referrers Tag Schema"). */
export function referrersTag(digest: Digest): string {
  const colon = digest.indexOf(':')
  return `${digest.slice(0, colon).slice(0, 32)}-${digest.slice(colon + 1).slice(0, 64)}`
}

/**
 * What a list of referrers names, each once. Throws `MALFORMED` for what is no index, and what `parseManifest` throws.
 */
export function listed(
  { desc, content }: { desc: Pick<Descriptor, 'mediaType'>; content: Uint8Array },
  what: string,
): readonly Descriptor[] {
  const manifest = parseManifest(content, desc.mediaType, what)
  if (manifest.kind !== 'index')
    throw new DistError('MALFORMED', `${what} is not a list of referrers but ${manifest.mediaType}`)
  return [...new Map(manifest.manifests.map((entry) => [entry.digest, entry])).values()]
}

/**
 * Whether a tag for referrers means their subject itself: registries exist that answer every digest's tag with what has
 * the digest, and then nothing is listed.
 */
export function meansSubject({ content }: ReadManifest, subject: Digest): boolean {
  return digestOf(content, algorithmOf(subject)) === subject
}
