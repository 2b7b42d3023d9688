import { PutObjectCommand } from '@aws-sdk/client-s3'
import { digestOf, encodedOf } from '@dist/oci'
import type { Bucket } from './bucket.js'
import { isKnownName, s3Name, statusOf } from './errors.js'
import { headObject } from './head.js'
import { withPayloadHash } from './payload.js'

export interface PutOptions {
  signal?: AbortSignal | undefined
  /** The sha256 of the content in hex, where it is known: the server checks it. Default: computed. */
  sha256?: string | undefined
  contentType?: string | undefined
}

/** Puts an object, in place of one that is there. */
export async function putObject(
  bucket: Bucket,
  key: string,
  content: Uint8Array,
  options: PutOptions = {},
): Promise<void> {
  await send(bucket, key, content, options, false)
}

/**
 * Puts an object unless there is one of the same size already. False where another came first. Of servers that know
 * no conditions, the last one that puts wins: only for content that is the same whoever puts it.
 */
export async function putNew(
  bucket: Bucket,
  key: string,
  content: Uint8Array,
  options: PutOptions = {},
): Promise<boolean> {
  if (!bucket.conditionalPuts) return putAlways(bucket, key, content, options)
  try {
    await send(bucket, key, content, options, true)
    return true
  } catch (error) {
    if (mayBeCondition(error)) return await putWithout(bucket, key, content, options)
    if (!isPresent(error)) throw error
    if ((await headObject(bucket, key, options))?.size === content.byteLength) return false
  }
  // The object has gone meanwhile, or it is not what belongs there.
  return putAlways(bucket, key, content, options)
}

/** As `putAlways`, for a server that seems to know no conditions: it does not where it takes the same without one. */
async function putWithout(bucket: Bucket, key: string, content: Uint8Array, options: PutOptions) {
  await putAlways(bucket, key, content, options)
  bucket.conditionalPuts = false
  return true
}

async function putAlways(bucket: Bucket, key: string, content: Uint8Array, options: PutOptions) {
  await send(bucket, key, content, options, false)
  return true
}

async function send(
  bucket: Bucket,
  key: string,
  content: Uint8Array,
  { signal, sha256 = encodedOf(digestOf(content)), contentType = 'application/octet-stream' }: PutOptions,
  isNew: boolean,
): Promise<void> {
  const input = {
    Bucket: bucket.name,
    Key: key,
    Body: content,
    ContentType: contentType,
    ...(isNew ? { IfNoneMatch: '*' } : {}),
  }
  const command = withPayloadHash(new PutObjectCommand(input), sha256)
  const bytes = content.byteLength
  await bucket.call('writing', key, (sending) => bucket.client.send(command, sending), { signal, bytes })
}

/** 412: the object was there, be it from an attempt of ours whose answer got lost. */
function isPresent(error: unknown): boolean {
  return s3Name(error) === 'PreconditionFailed' || statusOf(error) === 412
}

/** Statuses with which servers refuse a header that they do not know. */
const refusals: readonly (number | undefined)[] = [400, 405, 501]

function mayBeCondition(error: unknown): boolean {
  const name = s3Name(error)
  return name === 'NotImplemented' || (refusals.includes(statusOf(error)) && !isKnownName(name))
}
