import { DistError, isRetryable } from '@dist/errdefs'
import { algorithmOf, type Descriptor, digestOf, hasChildren, type Manifest, parseManifest } from '@dist/oci'
import { parseTag } from '@dist/reference'
import type { PutOptions } from '@dist/remotes'
import type { Response } from '../http/exchange.js'
import { announcedDigest } from '../manifest.js'
import { isAnswer } from '../probe.js'
import { sendPatiently } from '../send.js'
import { existingManifest } from './existing.js'
import { nameAt, type PushPlace, scopeOf } from './place.js'
import { addReferrer } from './referrers-tag.js'

/** `Pusher.put`. */
export async function putManifest(
  place: PushPlace,
  desc: Descriptor,
  content: Uint8Array,
  { tag, signal }: PutOptions,
): Promise<void> {
  if (tag !== undefined) parseTag(tag)
  const what = nameAt(place, `manifest ${tag ?? desc.digest}`)
  if (digestOf(content, algorithmOf(desc.digest)) !== desc.digest)
    throw new DistError(
      'FAILED_PRECONDITION',
      `${what}: the content to be pushed is not that of ${desc.digest}`,
    )
  const headers = await putDocument(place, desc, content, tag, signal)
  const manifest = hasChildren(desc.mediaType) ? parseManifest(content, desc.mediaType, what) : undefined
  // Registries that know referrers say so; for the others a tag lists them (distribution spec, "Pushing Manifests
  // with Subject").
  if (manifest?.subject === undefined || headers['oci-subject'] !== undefined) return
  await addReferrer(place, manifest.subject.digest, referrer(desc, manifest), signal)
}

/** Puts a manifest under a tag or its digest, and checks what the registry made of it (R11). */
export async function putDocument(
  place: PushPlace,
  desc: Descriptor,
  content: Uint8Array,
  tag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Response['headers']> {
  const object = tag ?? desc.digest
  const what = nameAt(place, `manifest ${object}`)
  const putting = sendPatiently(place.transport, {
    endpoint: place.endpoint,
    method: 'PUT',
    path: `/${place.locator.repository}/manifests/${object}`,
    headers: { 'content-type': desc.mediaType },
    body: content,
    accept: [201, 202, 204],
    scope: scopeOf(place),
    what,
    signal,
  })
  const response = await putting.catch(async (error: unknown) => {
    if (await isThere(place, desc, object, error, signal)) return undefined
    throw error
  })
  if (response === undefined) return {}
  await response.body.discard()
  const announced = announcedDigest(response)
  if (announced === undefined || digestOf(content, algorithmOf(announced)) === announced)
    return response.headers
  throw new DistError(
    'FAILED_PRECONDITION',
    `${what}: ${response.url.host} stored ${announced}, not ${desc.digest}`,
  )
}

/**
 * Whether a refused manifest is there all the same: where tags are immutable, one that is put again is refused although
 * the tag means it.
 */
async function isThere(
  place: PushPlace,
  { digest }: Descriptor,
  object: string,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!isAnswer(error) || isRetryable(error) || error.lacks !== undefined) return false
  return (await existingManifest(place, object, signal))?.digest === digest
}

/** A manifest as its subject's list of referrers has it (image spec, "Listing Referrers"). */
function referrer({ mediaType, digest, size }: Descriptor, manifest: Manifest): Descriptor {
  const config = manifest.kind === 'manifest' ? manifest.config?.mediaType : undefined
  const artifactType = manifest.artifactType || config
  const { annotations } = manifest
  return {
    mediaType,
    digest,
    size,
    artifactType,
    annotations,
  }
}
