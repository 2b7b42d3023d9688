import { DistError, isNotFound } from '@dist/errdefs'
import { type Descriptor, type Digest, digestOf, maxManifestSize, mediaTypes } from '@dist/oci'
import { readManifest } from '../manifest.js'
import { objectRequest } from '../paths.js'
import { listed, meansSubject, referrersTag } from '../referrers/tag.js'
import { putDocument } from './manifest.js'
import { nameAt, type PushPlace, scopeOf } from './place.js'

/**
 * Adds a manifest to the list that stands under its subject's tag, unless it is in. Within this client one after the
 * other; another client that does the same at the same time may undo it, as the spec has no remedy for.
 */
export function addReferrer(
  place: PushPlace,
  subject: Digest,
  desc: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  const tag = referrersTag(subject)
  const key = `${place.endpoint.url}/${place.locator.repository}:${tag}`
  return place.memory.tags.run(key, async () => {
    const before = await readList(place, tag, subject, signal)
    if (before.some(({ digest }) => digest === desc.digest)) return
    await writeList(place, tag, [...before, desc], signal)
  })
}

/** What the tag lists. Throws `MALFORMED` where it means something else, which is not to be lost. */
async function readList(
  place: PushPlace,
  tag: string,
  subject: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  const what = nameAt(place, `referrers ${tag}`)
  const request = objectRequest(place.endpoint, place.locator, 'manifest', tag, what, signal)
  try {
    const read = await readManifest(place.transport, { ...request, scope: scopeOf(place) }, undefined)
    return meansSubject(read, subject) ? [] : listed(read, what)
  } catch (error) {
    if (!isNotFound(error)) throw error
    return []
  }
}

async function writeList(
  place: PushPlace,
  tag: string,
  manifests: readonly Descriptor[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const mediaType = mediaTypes.ociIndex
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }))
  const size = content.byteLength
  if (size > maxManifestSize)
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `${nameAt(place, `referrers ${tag}`)} would have ${size} bytes, more than the ${maxManifestSize} that a manifest may have`,
    )
  await putDocument(place, { mediaType, digest: digestOf(content), size }, content, tag, signal)
}
