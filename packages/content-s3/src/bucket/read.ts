import type { Readable } from 'node:stream'
import type { ReadOptions } from '@dist/content'
import { abortError, DistError, throwIfAborted } from '@dist/errdefs'
import type { Bucket } from './bucket.js'
import { s3Error, statusOf } from './errors.js'
import { openRange, type Range } from './get.js'
import { headObject } from './head.js'

/** Milliseconds that a body waits for somebody to read it. It is asked for again should that happen later. */
const unread = 30_000

/**
 * The bytes of an object from `offset` on. `NOT_FOUND`; beyond the end `INVALID_ARGUMENT`. A body that breaks off goes
 * on by Range where it stopped; when that does not help a bounded number of times, it fails.
 */
export async function readRange(
  bucket: Bucket,
  key: string,
  { offset = 0, signal }: ReadOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  if (!Number.isSafeInteger(offset) || offset < 0) throw beyond(bucket, key, offset)
  const first = await begin(bucket, key, offset, signal)
  if (first === undefined) return nothing()
  const timer = setTimeout(() => first.body.destroy(), unread).unref()
  // A destroyed or broken body says so to its reader; without one that must not end the process.
  first.body.on('error', () => {})
  return {
    [Symbol.asyncIterator]: () => {
      clearTimeout(timer)
      return bytesOf(bucket, key, offset, first, signal)
    },
  }
}

/** The first range; undefined where the offset is the end. */
async function begin(bucket: Bucket, key: string, offset: number, signal: AbortSignal | undefined) {
  try {
    return await openRange(bucket, key, offset, signal)
  } catch (error) {
    if (statusOf(error) !== 416) throw error
    if ((await headObject(bucket, key, { signal }))?.size === offset) return undefined
    throw beyond(bucket, key, offset, error)
  }
}

async function* bytesOf(
  bucket: Bucket,
  key: string,
  offset: number,
  first: Range,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let range: Range | undefined = first
  let position = offset
  for (let failures = 0; position < first.total; ) {
    try {
      throwIfAborted(signal)
      range ??= await openRange(bucket, key, position, signal)
      if (range.total !== first.total) throw changed(bucket, key)
      for await (const chunk of watched(range.body, bucket.timeout, signal)) {
        position += chunk.byteLength
        failures = 0
        yield chunk
      }
      if (position < first.total) throw cutShort(bucket, key, position, first.total)
    } catch (cause) {
      throwIfAborted(signal)
      const error = s3Error({ url: bucket.url(key), bucket: bucket.name, doing: 'reading' }, cause)
      failures += 1
      if (!error.retryable || failures >= bucket.attempts) throw error
      await bucket.pause(failures - 1, signal)
    } finally {
      range?.body.destroy()
      range = undefined
    }
  }
  range?.body.destroy()
  if (position > first.total) throw changed(bucket, key)
}

/** A body that breaks when nothing comes for a while, or when the signal aborts; a slow reader is no stall. */
async function* watched(
  body: Readable,
  stall: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const abort = () => body.destroy(signal && abortError(signal))
  const watch = () =>
    setTimeout(() => body.destroy(new DistError('UNAVAILABLE', `no byte came for ${stall / 1000} s`)), stall)
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

async function* nothing(): AsyncGenerator<Uint8Array> {}

function beyond(bucket: Bucket, key: string, offset: number, cause?: unknown): DistError {
  return new DistError('INVALID_ARGUMENT', `${bucket.url(key)} has no offset ${offset}`, { cause })
}

function changed(bucket: Bucket, key: string): DistError {
  return new DistError('INTERNAL', `${bucket.url(key)} changed its size while it was read`)
}

function cutShort(bucket: Bucket, key: string, position: number, total: number): DistError {
  return new DistError('UNAVAILABLE', `${bucket.url(key)} ended after ${position} of ${total} bytes`)
}
