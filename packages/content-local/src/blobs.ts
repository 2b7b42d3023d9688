import { mkdirSync, renameSync, statSync, unlinkSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gather, type Info, oneChunk, type ReadOptions } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import { algorithms, type Digest, isDigest } from '@dist/oci'
import { failedWith, storeError } from './files/errors.js'
import { readRange } from './files/read.js'
import type { StoreDirectory } from './store-directory.js'

/** Content up to this size is read completely when it is opened. */
const smallSize = 256 * 1024

/** Committed content; undefined if there is none. Synchronous: the thread pool would cost ten times as much. */
export function statBlob(directory: StoreDirectory, digest: Digest): Info | undefined {
  try {
    const found = statSync(directory.blob(digest), { throwIfNoEntry: false })
    return found?.isFile() ? { digest, size: found.size, committedAt: found.mtime } : undefined
  } catch (error) {
    throw storeError(directory.root, `stat of ${digest}`, error)
  }
}

/** The bytes of committed content. `NOT_FOUND`; `INVALID_ARGUMENT` for an offset after the end. */
export async function readBlob(
  directory: StoreDirectory,
  digest: Digest,
  { offset = 0, signal }: ReadOptions,
): Promise<AsyncIterable<Uint8Array>> {
  throwIfAborted(signal)
  const info = statBlob(directory, digest)
  if (info === undefined) throw new DistError('NOT_FOUND', `${digest} is not in the store`)
  const { size } = info
  if (!(offset >= 0 && offset <= size))
    throw new DistError('INVALID_ARGUMENT', `${digest}: offset ${offset} is outside its ${size} bytes`)
  const body = mapErrors(directory, digest, readRange(directory.blob(digest), offset, size), signal)
  // The file of a large body is opened at the first step: a body that is never iterated leaves no file open.
  return size > smallSize ? body : oneChunk(await gather(body, size, digest))
}

/** Digests of all committed content, in no order. */
export async function listBlobs(directory: StoreDirectory): Promise<Digest[]> {
  const digests: Digest[] = []
  for (const algorithm of algorithms) {
    for (const name of await list(directory, directory.blobs(algorithm))) {
      const digest = `${algorithm}:${name}`
      if (isDigest(digest)) digests.push(digest)
    }
  }
  return digests
}

/** False where there was nothing to delete. */
export function deleteBlob(directory: StoreDirectory, digest: Digest): boolean {
  try {
    unlinkSync(directory.blob(digest))
    return true
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return false
    throw storeError(directory.root, `delete of ${digest}`, error)
  }
}

/** Moves content into the folder `quarantine` of the store; resolves to its path. Throws `NOT_FOUND`. */
export async function setBlobAside(directory: StoreDirectory, digest: Digest): Promise<string> {
  const aside = join(directory.root, 'quarantine')
  const path = join(aside, `${digest.replace(':', '-')}.${Date.now()}`)
  try {
    mkdirSync(aside, { recursive: true })
    renameSync(directory.blob(digest), path)
    await directory.sync(aside)
    return path
  } catch (error) {
    if (failedWith(error, 'ENOENT')) throw new DistError('NOT_FOUND', `${digest} is not in the store`)
    throw storeError(directory.root, `quarantine of ${digest}`, error)
  }
}

async function* mapErrors(
  directory: StoreDirectory,
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
      throw new DistError('NOT_FOUND', `${digest} was deleted from the store while it was read`, {
        cause: error,
      })
    throw storeError(directory.root, `read of ${digest}`, error)
  }
}

async function list(store: StoreDirectory, path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return []
    throw storeError(store.root, 'list of blobs', error)
  }
}
