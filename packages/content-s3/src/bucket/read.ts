import type { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { gather, oneChunk, type ReadOptions } from '@dist/content'
import { abortError, DistError, isNotFound, throwIfAborted } from '@dist/errdefs'
import type { Bucket } from './bucket.js'
import { s3Error, s3Name, statusOf } from './errors.js'
import { headObject } from './objects.js'

/** Milliseconds that an unread body stays open. A later read requests it again. */
const unreadTimeoutMs = 30_000

/** A part of an object: from a byte on, up to the end or to another byte, which is not part of it. */
interface Part {
  readonly offset: number
  readonly end: number | undefined
}

/**
 * The bytes of an object from `offset` on, `length` of them or all. `NOT_FOUND`; `INVALID_ARGUMENT` for an offset after the end. A body that is cut
 * off is resumed with a Range request. It fails after `attempts` failures without progress.
 */
export async function readRange(
  bucket: Bucket,
  key: string,
  { offset = 0, length, signal }: ReadOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  if (!Number.isSafeInteger(offset) || offset < 0) throw invalidOffset(bucket, key, offset)
  const part = { offset, end: length === undefined || length < 1 ? undefined : offset + length }
  const first = await openFirst(bucket, key, part, signal)
  if (first === undefined) return oneChunk(new Uint8Array())
  const timer = setTimeout(() => first.body.destroy(), unreadTimeoutMs).unref()
  // Without a reader, the error of a destroyed or broken body must not end the process.
  first.body.on('error', () => {})
  return {
    [Symbol.asyncIterator]: () => {
      clearTimeout(timer)
      return bytesOf(bucket, key, part, first, signal)
    },
  }
}

/** The first range; undefined where the offset is the end of the object. */
async function openFirst(bucket: Bucket, key: string, part: Part, signal: AbortSignal | undefined) {
  const { offset } = part
  try {
    return await openRange(bucket, key, part, signal)
  } catch (error) {
    if (statusOf(error) !== 416) throw error
    if ((await headObject(bucket, key, { signal }))?.size === offset) return undefined
    throw invalidOffset(bucket, key, offset, error)
  }
}

async function* bytesOf(
  bucket: Bucket,
  key: string,
  { offset, end }: Part,
  first: Range,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let range: Range | undefined = first
  let position = offset
  const stop = Math.min(first.total, end ?? first.total)
  for (let failures = 0; position < stop; ) {
    try {
      throwIfAborted(signal)
      range ??= await openRange(bucket, key, { offset: position, end }, signal)
      if (range.total !== first.total) throw sizeChanged(bucket, key)
      for await (const chunk of withStallTimeout(range.body, bucket.timeout, signal)) {
        position += chunk.byteLength
        failures = 0
        yield chunk
      }
      if (position < stop) throw cutShort(bucket, key, position, stop)
    } catch (cause) {
      throwIfAborted(signal)
      const error = s3Error(bucket.url(key), 'read', cause)
      failures += 1
      if (!error.retryable || failures >= bucket.attempts) throw error
      await bucket.pause(failures - 1, signal)
    } finally {
      range?.body.destroy()
      range = undefined
    }
  }
  range?.body.destroy()
  if (position > stop) throw sizeChanged(bucket, key)
}

/** Fails when no bytes arrive for `stallMs`, or when the signal aborts. A slow reader does not count as a stall. */
async function* withStallTimeout(
  body: Readable,
  stallMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const abort = () => body.destroy(signal && abortError(signal))
  const watch = () =>
    setTimeout(() => body.destroy(new DistError('UNAVAILABLE', `no bytes for ${stallMs / 1000} s`)), stallMs)
  let timer = watch()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    for await (const chunk of body) {
      clearTimeout(timer)
      yield chunk
      throwIfAborted(signal)
      timer = watch()
    }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function invalidOffset(bucket: Bucket, key: string, offset: number, cause?: unknown): DistError {
  return new DistError('INVALID_ARGUMENT', `${bucket.url(key)}: offset ${offset} is outside the object`, {
    cause,
  })
}

function sizeChanged(bucket: Bucket, key: string): DistError {
  return new DistError('INTERNAL', `${bucket.url(key)}: size changed while it was read`)
}

function cutShort(bucket: Bucket, key: string, position: number, total: number): DistError {
  return new DistError('UNAVAILABLE', `${bucket.url(key)}: read ended after ${position} of ${total} bytes`)
}

/** The content of a small object; undefined if there is none. `RESOURCE_EXHAUSTED` for more than `limit` bytes. */
export async function getObject(bucket: Bucket, key: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    return await gather(await readRange(bucket, key), limit, bucket.url(key))
  } catch (error) {
    // A missing bucket is another error than a missing object.
    if (isNotFound(error) && s3Name(error) !== 'NoSuchBucket') return undefined
    throw error
  }
}

/** The answer to a GET: a body with a part of the object. */
interface Range {
  readonly body: Readable
  /** Bytes of the whole object. */
  readonly total: number
}

/** Requests a part; an offset other than 0 must be before the end. `NOT_FOUND`. */
async function openRange(
  bucket: Bucket,
  key: string,
  part: Part,
  signal: AbortSignal | undefined,
): Promise<Range> {
  const { offset, end } = part
  const isWhole = offset === 0 && end === undefined
  const range = isWhole ? {} : { Range: `bytes=${offset}-${end === undefined ? '' : end - 1}` }
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: key, ...range })
  const got = await bucket.call('read', key, (sending) => bucket.requests.send(command, sending), { signal })
  const body = got.Body as Readable
  const total = isWhole ? got.ContentLength : totalOf(got.ContentRange, part)
  if (total !== undefined) return { body, total }
  body.destroy()
  throw new DistError(
    'MALFORMED',
    `${bucket.url(key)}: read failed: the server did not answer with the range from ${offset}`,
  )
}

/** The total of a Content-Range (RFC 9110); undefined for another range than the requested one, which must not be used. */
function totalOf(contentRange: string | undefined, { offset, end }: Part): number | undefined {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? []
  const expected = Math.min(Number(total), end ?? Number(total))
  if (Number(first) !== offset || Number(last) + 1 !== expected) return undefined
  return Number(total)
}
