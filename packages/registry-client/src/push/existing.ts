import { algorithmOf, type Descriptor, type Digest, digestOf, parseDigest } from '@dist/oci'
import { parseTag } from '@dist/reference'
import type { Response } from '../http/exchange.js'
import { parseContentRange, parseSize } from '../http/headers.js'
import { announcedManifest, readManifest } from '../manifest.js'
import { settleAnswer, successOf } from '../request/answer.js'
import type { Operation } from '../request/operation.js'
import type { RegistryRequest } from '../request/send.js'
import type { PushTarget } from './target.js'

/** `Pusher.resolve`. */
export async function findManifest(
  target: PushTarget,
  object: string,
  signal: AbortSignal | undefined,
): Promise<Descriptor | undefined> {
  const digest = object.includes(':') ? parseDigest(object) : undefined
  if (digest === undefined) parseTag(object)
  const operation = target.operation(`manifest ${object}`, signal)
  const found = await headManifest(operation, object, digest)
  if (found === 'missing') return undefined
  if (found !== undefined) return found
  // Content that cannot be read, or is not a manifest, is not the content to be pushed.
  const read = await settleAnswer(() => readManifest(operation.singleAttempt(), object, digest))
  return successOf(read)?.desc
}

/**
 * Undefined if the answer to HEAD is incomplete. A 404 counts, although some registries answer it wrongly (R12): the
 * manifest is then pushed once more, while a GET would be one more request for each new image.
 */
async function headManifest(
  operation: Operation,
  object: string,
  wanted: Digest | undefined,
): Promise<Descriptor | 'missing' | undefined> {
  const response = await operation.head({ ...operation.objectRequest('manifest', object), accept: [404] })
  if (response === undefined) return undefined
  await response.body.discard()
  return response.status === 404 ? 'missing' : announcedManifest(response, wanted)
}

/** The size of a blob that exists, undefined in it if the registry does not name it. Undefined: missing, or unknown. */
export async function findBlob(
  operation: Operation,
  digest: Digest,
): Promise<{ readonly size: number | undefined } | undefined> {
  const request = operation.objectRequest('blob', digest)
  const head = await operation.head({ ...request, accept: [404] })
  // Some servers answer every HEAD with a length of 0.
  const isVague = head?.status === 200 && head.headers['content-length'] === '0' && !isEmpty(digest)
  if (isVague) await head?.body.discard()
  const response = head === undefined || isVague ? await getFirstByte(operation, request) : head
  await response?.body.return()
  if (response === undefined || response.status === 404) return undefined
  return { size: announcedSize(response) }
}

/** The alternative to HEAD: the first byte of a blob, or all of it if the server ignores ranges. */
async function getFirstByte(operation: Operation, request: RegistryRequest): Promise<Response | undefined> {
  const headers = { ...request.headers, range: 'bytes=0-0' }
  return successOf(await operation.probe({ ...request, headers, accept: [206, 404, 416] }))
}

function isEmpty(digest: Digest): boolean {
  return digestOf('', algorithmOf(digest)) === digest
}

function announcedSize({ status, headers }: Response): number | undefined {
  if (status === 200) return parseSize(headers['content-length'])
  // An empty blob has no valid range.
  return status === 416 ? 0 : parseContentRange(headers['content-range'])?.total
}
