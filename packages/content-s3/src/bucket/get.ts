import type { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { gather } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import type { Bucket } from './bucket.js'
import { s3Name } from './errors.js'
import { readRange } from './read.js'

/** A body that has begun to come. */
export interface Range {
  readonly body: Readable
  /** The object's bytes in all. */
  readonly total: number
}

/** Asks for the bytes from `offset` on, which must be before the end unless it is 0. `NOT_FOUND`. */
export async function openRange(
  bucket: Bucket,
  key: string,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Range> {
  const range = offset === 0 ? {} : { Range: `bytes=${offset}-` }
  const send = new GetObjectCommand({ Bucket: bucket.name, Key: key, ...range })
  const got = await bucket.call('reading', key, (sending) => bucket.client.send(send, sending), { signal })
  const body = got.Body as Readable
  const total = offset === 0 ? got.ContentLength : totalOf(got.ContentRange, offset)
  if (total !== undefined) return { body, total }
  body.destroy()
  throw new DistError(
    'MALFORMED',
    `reading ${bucket.url(key)}: the server did not answer what was asked from ${offset}`,
  )
}

/** A small object whole, undefined where there is none. More than `limit` bytes: `RESOURCE_EXHAUSTED`. */
export async function getObject(bucket: Bucket, key: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    return await gather(await readRange(bucket, key), limit, bucket.url(key))
  } catch (error) {
    // A bucket that is not there is no missing object.
    if (isNotFound(error) && s3Name(error) !== 'NoSuchBucket') return undefined
    throw error
  }
}

/** RFC 9110, "Content-Range": another range than the one asked for must not be spliced in. */
function totalOf(contentRange: string | undefined, offset: number): number | undefined {
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? []
  if (Number(start) !== offset || Number(end) + 1 !== Number(total)) return undefined
  return Number(total)
}
