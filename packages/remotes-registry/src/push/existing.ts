import { isNotFound } from '@dist/errdefs'
import { type Descriptor, type Digest, parseDigest } from '@dist/oci'
import { parseTag } from '@dist/reference'
import type { ObjectType } from '@dist/remotes'
import { announcedDigest, announcedType, readManifest } from '../manifest.js'
import { objectRequest } from '../paths.js'
import { sizeHeader } from '../range.js'
import { type RegistryRequest, sendPatiently } from '../send.js'
import { nameAt, type PushPlace, scopeOf } from './place.js'

const notAnswered = [404, 405, 501]

/** `Pusher.resolve`. */
export async function existingManifest(
  place: PushPlace,
  object: string,
  signal: AbortSignal | undefined,
): Promise<Descriptor | undefined> {
  const digest = object.includes(':') ? parseDigest(object) : undefined
  if (digest === undefined) parseTag(object)
  const request = requestFor(place, 'manifest', object, signal)
  const found = await headManifest(place, request, digest)
  if (found === 'missing') return undefined
  return found ?? getManifest(place, request, digest)
}

/**
 * Undefined where the answer to a HEAD does not tell all. That nothing is there is believed, although registries are
 * known to be wrong in it (R12): then it is pushed once more, while a GET would be one for each new image.
 */
async function headManifest(
  place: PushPlace,
  request: RegistryRequest,
  wanted: Digest | undefined,
): Promise<Descriptor | 'missing' | undefined> {
  const response = await sendPatiently(place.transport, { ...request, method: 'HEAD', accept: notAnswered })
  await response.body.discard()
  if (response.status === 404) return 'missing'
  const mediaType = announcedType(response)
  const size = sizeHeader(response.headers['content-length'])
  const digest = announcedDigest(response)
  if (response.status !== 200 || mediaType === undefined || size === undefined || digest === undefined)
    return undefined
  // Another digest than the one asked for: the content will tell.
  return wanted === undefined || wanted === digest ? { mediaType, digest, size } : undefined
}

async function getManifest(
  place: PushPlace,
  request: RegistryRequest,
  digest: Digest | undefined,
): Promise<Descriptor | undefined> {
  try {
    return (await readManifest(place.transport, request, digest)).desc
  } catch (error) {
    if (!isNotFound(error)) throw error
    return undefined
  }
}

/** Whether a blob is there with its size, where the registry tells that. */
export async function hasBlob(
  place: PushPlace,
  { digest, size }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const found = await findBlob(place, digest, signal)
  return found !== undefined && (found.size ?? size) === size
}

/** A blob that is there, with its size where the registry tells that. Undefined: not there. */
export async function findBlob(
  place: PushPlace,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<{ readonly size: number | undefined } | undefined> {
  const request = requestFor(place, 'blob', digest, signal)
  let response = await sendPatiently(place.transport, { ...request, method: 'HEAD', accept: notAnswered })
  if (response.status === 405 || response.status === 501) {
    await response.body.discard()
    response = await sendPatiently(place.transport, { ...request, accept: [404] })
  }
  await response.body.return()
  if (response.status === 404) return undefined
  return { size: sizeHeader(response.headers['content-length']) }
}

function requestFor(
  place: PushPlace,
  type: ObjectType,
  object: string,
  signal: AbortSignal | undefined,
): RegistryRequest {
  const what = nameAt(place, type === 'blob' ? `blob ${object}` : `manifest ${object}`)
  const request = objectRequest(place.endpoint, place.locator, type, object, what, signal)
  // The token of the pushes that follow.
  return { ...request, scope: scopeOf(place) }
}
