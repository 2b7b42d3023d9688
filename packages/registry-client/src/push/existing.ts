import { algorithmOf, type Descriptor, type Digest, digestOf, parseDigest } from '@dist/oci'
import { parseTag } from '@dist/reference'
import type { ObjectType } from '@dist/remotes'
import type { Response } from '../http/exchange.js'
import { announcedDigest, announcedType, readManifest } from '../manifest.js'
import { objectRequest } from '../paths.js'
import { headed, orUndefined, probe, tried } from '../probe.js'
import { parseContentRange, sizeHeader } from '../range.js'
import type { RegistryRequest } from '../send.js'
import type { Transport } from '../transport.js'
import { nameAt, type PushPlace, scopeOf } from './place.js'

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
  const response = await headed(place.transport, { ...request, accept: [404] })
  if (response === undefined) return undefined
  await response.body.discard()
  if (response.status === 404) return 'missing'
  const mediaType = announcedType(response)
  const size = sizeHeader(response.headers['content-length'])
  const digest = announcedDigest(response)
  if (mediaType === undefined || !size || digest === undefined) return undefined
  // Another digest than the one asked for: the content will tell.
  return wanted === undefined || wanted === digest ? { mediaType, digest, size } : undefined
}

/** What cannot be read, or is no manifest, is not what is to be pushed. */
async function getManifest(
  place: PushPlace,
  request: RegistryRequest,
  digest: Digest | undefined,
): Promise<Descriptor | undefined> {
  const { transport } = place
  const read = await tried(transport, (hasty) => readManifest(hasty, request, digest))
  return orUndefined(read)?.desc
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

/** A blob that is there, with its size where the registry tells that. Undefined: not there, or it cannot be told. */
export async function findBlob(
  place: PushPlace,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<{ readonly size: number | undefined } | undefined> {
  const { transport } = place
  const request = requestFor(place, 'blob', digest, signal)
  const head = await headed(transport, { ...request, accept: [404] })
  // Servers are known to answer a length of 0 to every HEAD.
  const isNone = head?.status === 200 && head.headers['content-length'] === '0' && !isEmpty(digest)
  if (isNone) await head?.body.discard()
  const response = head === undefined || isNone ? await firstByte(transport, request) : head
  await response?.body.return()
  if (response === undefined || response.status === 404) return undefined
  return { size: wholeSize(response) }
}

/** The start of a blob, where a HEAD does not tell whether it is there: its first byte, unless ranges are ignored. */
async function firstByte(transport: Transport, request: RegistryRequest): Promise<Response | undefined> {
  const headers = { ...request.headers, range: 'bytes=0-0' }
  return orUndefined(await probe(transport, { ...request, headers, accept: [206, 404, 416] }))
}

function isEmpty(digest: Digest): boolean {
  return digestOf('', algorithmOf(digest)) === digest
}

function wholeSize({ status, headers }: Response): number | undefined {
  if (status === 200) return sizeHeader(headers['content-length'])
  // Of a blob without content no range can be had.
  return status === 416 ? 0 : parseContentRange(headers['content-range'])?.total
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
