import { DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { DistError, isNotFound } from '@dist/errdefs'
import type { Bucket, CallOptions } from './bucket.js'

/** The metadata of an object. */
export interface Head {
  /** Bytes. */
  readonly size: number
  readonly modifiedAt: Date
}

/** The metadata of an object; undefined if there is none. */
export async function headObject(
  bucket: Bucket,
  key: string,
  options: Pick<CallOptions, 'signal' | 'attempts'> = {},
): Promise<Head | undefined> {
  try {
    const command = new HeadObjectCommand({ Bucket: bucket.name, Key: key })
    const head = await bucket.call('HEAD', key, (sending) => bucket.requests.send(command, sending), options)
    if (head.ContentLength === undefined)
      throw new DistError('MALFORMED', `${bucket.url(key)}: HEAD failed: the server answered without a size`)
    return { size: head.ContentLength, modifiedAt: head.LastModified ?? new Date(bucket.now()) }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Deletes an object. False where there was none: a HEAD finds out, since the answer to a delete does not contain it. */
export async function deleteObject(bucket: Bucket, key: string): Promise<boolean> {
  if ((await headObject(bucket, key)) === undefined) return false
  await removeObject(bucket, key)
  return true
}

/** Deletes an object that may not exist. */
export async function removeObject(bucket: Bucket, key: string): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket.name, Key: key })
  await bucket.call('delete', key, (sending) => bucket.client.send(command, sending))
}
