import { PutObjectCommand } from '@aws-sdk/client-s3'
import { digestOf, encodedOf } from '@dist/oci'
import type { Bucket } from './bucket.js'
import { s3Name, statusOf } from './errors.js'
import { isKnownName } from './explanations.js'
import { headObject } from './objects.js'
import type { Sending } from './requests.js'

export interface PutOptions {
  signal?: AbortSignal | undefined
  /** The sha256 of the content in hex, which the server checks. Default: computed. */
  sha256?: string | undefined
  contentType?: string | undefined
}

/** Puts an object, replacing an existing one. Resolves to its ETag, without quotes, where the server answers one. */
export async function putObject(
  bucket: Bucket,
  key: string,
  content: Uint8Array,
  options: PutOptions = {},
): Promise<string | undefined> {
  return put(bucket, key, content, options, false)
}

/**
 * Puts an object unless one of the same size exists; false if one exists. With servers that do not support conditional
 * puts the last put wins: only for content that is determined by its key.
 */
export async function putNew(
  bucket: Bucket,
  key: string,
  content: Uint8Array,
  options: PutOptions = {},
): Promise<boolean> {
  if (!bucket.conditionalPuts) return putAlways(bucket, key, content, options)
  try {
    await put(bucket, key, content, options, true)
    return true
  } catch (error) {
    if (mayRejectCondition(error)) return await putUnconditionally(bucket, key, content, options)
    if (!isExisting(error)) throw error
    if ((await headObject(bucket, key, options))?.size === content.byteLength) return false
  }
  // The object was removed meanwhile, or has another size.
  return putAlways(bucket, key, content, options)
}

/** Repeats a put without its condition. If that succeeds, the server does not support conditional puts. */
async function putUnconditionally(bucket: Bucket, key: string, content: Uint8Array, options: PutOptions) {
  await putAlways(bucket, key, content, options)
  bucket.conditionalPuts = false
  return true
}

async function putAlways(bucket: Bucket, key: string, content: Uint8Array, options: PutOptions) {
  await put(bucket, key, content, options, false)
  return true
}

async function put(
  bucket: Bucket,
  key: string,
  content: Uint8Array,
  { signal, sha256 = encodedOf(digestOf(content)), contentType = 'application/octet-stream' }: PutOptions,
  isNew: boolean,
): Promise<string | undefined> {
  const input = {
    Bucket: bucket.name,
    Key: key,
    Body: content,
    ContentType: contentType,
    ...(isNew ? { IfNoneMatch: '*' } : {}),
  }
  const command = new PutObjectCommand(input)
  const send = (sending: Sending) => bucket.requests.send(command, { ...sending, payloadHash: sha256 })
  const { ETag } = await bucket.call('write', key, send, { signal, bytes: content.byteLength })
  return ETag?.replaceAll('"', '')
}

/** 412: the object exists, maybe from an attempt of this call whose answer was lost. */
function isExisting(error: unknown): boolean {
  return s3Name(error) === 'PreconditionFailed' || statusOf(error) === 412
}

/** Statuses with which servers reject an unknown header. */
const refusals: readonly (number | undefined)[] = [400, 405, 501]

function mayRejectCondition(error: unknown): boolean {
  const name = s3Name(error)
  return name === 'NotImplemented' || (refusals.includes(statusOf(error)) && !isKnownName(name))
}
