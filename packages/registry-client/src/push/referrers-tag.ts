import { DistError, isNotFound } from '@dist/errdefs'
import { type Descriptor, type Digest, digestOf, maxManifestSize, mediaTypes } from '@dist/oci'
import { readReferrersTag, referrersTag } from '../referrers/tag.js'
import { putDocument } from './document.js'
import type { PushTarget } from './target.js'

/**
 * Adds a manifest to the list under its subject's referrers tag, if it is missing. Updates by this client are serialised;
 * a concurrent update by another client may be lost, for which the spec has no remedy.
 */
export function addReferrer(
  target: PushTarget,
  subject: Digest,
  desc: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  return target.memory.tags.run(target.key(referrersTag(subject)), async () => {
    const before = await readList(target, subject, signal)
    if (before.some(({ digest }) => digest === desc.digest)) return
    await writeList(target, subject, [...before, desc], signal)
  })
}

/** The listed referrers. Throws `MALFORMED` for other content under the tag, which must not be overwritten. */
async function readList(
  target: PushTarget,
  subject: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  try {
    return await readReferrersTag(target.operation(`referrers ${referrersTag(subject)}`, signal), subject)
  } catch (error) {
    if (!isNotFound(error)) throw error
    return []
  }
}

async function writeList(
  target: PushTarget,
  subject: Digest,
  manifests: readonly Descriptor[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const mediaType = mediaTypes.ociIndex
  const tag = referrersTag(subject)
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }))
  const size = content.byteLength
  if (size > maxManifestSize) {
    const { what } = target.operation(`referrers ${tag}`, signal)
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `${what}: ${size} bytes exceed the limit of ${maxManifestSize} for manifests`,
    )
  }
  await putDocument(target, { mediaType, digest: digestOf(content), size }, content, { tag, signal })
}
