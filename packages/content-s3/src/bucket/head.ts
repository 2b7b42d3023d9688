import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { DistError, isNotFound } from '@dist/errdefs'
import type { Bucket, CallOptions } from './bucket.js'

export interface Head {
  /** Bytes. */
  readonly size: number
  readonly modifiedAt: Date
}

/** What is known of an object; undefined where there is none. */
export async function headObject(
  bucket: Bucket,
  key: string,
  options: Pick<CallOptions, 'signal' | 'attempts'> = {},
): Promise<Head | undefined> {
  try {
    const send = new HeadObjectCommand({ Bucket: bucket.name, Key: key })
    const head = await bucket.call('looking at', key, (sending) => bucket.client.send(send, sending), options)
    if (head.ContentLength === undefined)
      throw new DistError('MALFORMED', `looking at ${bucket.url(key)}: the server does not tell its size`)
    return { size: head.ContentLength, modifiedAt: head.LastModified ?? new Date(bucket.now()) }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
