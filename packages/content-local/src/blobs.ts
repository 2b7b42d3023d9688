import { statSync, unlinkSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { Info, ReadOptions } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import { algorithms, type Digest, isDigest } from '@dist/oci'
import { failedWith, storeError } from './files/errors.js'
import { readRange } from './files/read.js'
import type { Place } from './place.js'

/** Content up to this size is read in one go when it is opened. */
const smallSize = 256 * 1024

// Synchronous: it is asked for every blob of every image and takes some microseconds; a trip through the thread pool
// costs ten times that.
export function statBlob(place: Place, digest: Digest): Info | undefined {
  try {
    const found = statSync(place.blob(digest), { throwIfNoEntry: false })
    return found?.isFile() ? { digest, size: found.size, committedAt: found.mtime } : undefined
  } catch (error) {
    throw storeError(place.root, `looking for ${digest}`, error)
  }
}

export async function readBlob(
  place: Place,
  digest: Digest,
  { offset = 0, signal }: ReadOptions,
): Promise<AsyncIterable<Uint8Array>> {
  throwIfAborted(signal)
  const info = statBlob(place, digest)
  if (info === undefined) throw new DistError('NOT_FOUND', `${digest} is not in the store`)
  const { size } = info
  if (!(offset >= 0 && offset <= size))
    throw new DistError('INVALID_ARGUMENT', `${digest} ends at ${size}: there is no offset ${offset}`)
  const body = guarded(place, digest, readRange(place.blob(digest), offset, size), signal)
  // The file of a large body is opened by the first step: one that nobody iterates leaves nothing open.
  return size > smallSize ? body : each(await all(body))
}

/** Digests of what is in the store, in no order. */
export async function listBlobs(place: Place): Promise<Digest[]> {
  const digests: Digest[] = []
  for (const algorithm of algorithms) {
    for (const name of await list(place, place.blobs(algorithm))) {
      const digest = `${algorithm}:${name}`
      if (isDigest(digest)) digests.push(digest)
    }
  }
  return digests
}

/** Whether there was something to delete. */
export function deleteBlob(place: Place, digest: Digest): boolean {
  try {
    unlinkSync(place.blob(digest))
    return true
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return false
    throw storeError(place.root, `deleting ${digest}`, error)
  }
}

async function* guarded(
  place: Place,
  digest: Digest,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      throwIfAborted(signal)
      yield chunk
    }
  } catch (error) {
    if (failedWith(error, 'ENOENT'))
      throw new DistError('NOT_FOUND', `${digest} was deleted from the store`, { cause: error })
    throw storeError(place.root, `reading ${digest}`, error)
  }
}

async function all(body: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return chunks
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function list(place: Place, directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return []
    throw storeError(place.root, 'listing', error)
  }
}
