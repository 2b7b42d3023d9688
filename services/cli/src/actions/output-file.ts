import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { fileError } from '../file-error.js'

/**
 * Writes a file that is whole or not there: it is written beside its place, made durable, and renamed. A file that was
 * there is replaced then, and not before; what is no file, as a pipe, is written to as it is. Throws what the chunks
 * throw, `INVALID_ARGUMENT` for a place where no file can be, `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED`.
 */
export async function writeOutputFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const there = await statOf(path)
  if (there?.isDirectory())
    throw new DistError('INVALID_ARGUMENT', `${sanitize(path)} is a directory: name a file in it`)
  if (there !== undefined && !there.isFile()) return writeTo(path, path, 'w', chunks)
  // Where a link leads, the file is replaced, not the link.
  const place = there === undefined ? path : await realpath(path)
  const temporary = join(dirname(place), `.${basename(place)}.${randomUUID().slice(0, 8)}`)
  try {
    await writeTo(path, temporary, 'wx', chunks)
    await rename(temporary, place)
  } catch (error) {
    await rm(temporary, { force: true })
    throw unwritable(path, error)
  }
}

async function writeTo(
  path: string,
  place: string,
  flags: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    // Closed by the time this is through: what is still being opened could not be removed yet.
    await using file = await open(place, flags)
    await pipeline(chunks, file.createWriteStream({ flush: flags === 'wx' }))
  } catch (error) {
    throw unwritable(path, error)
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw unwritable(path, error)
  }
}

/** What the system says about the file; every other error as it is. */
function unwritable(path: string, error: unknown): unknown {
  return errnoOf(error) === undefined || error instanceof DistError
    ? error
    : fileError(path, 'written', error)
}
