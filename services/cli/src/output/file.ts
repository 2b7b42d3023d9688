import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { link, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { fileError } from '../errors/errors.js'

export interface OutputFileOptions {
  /** Replaces an existing file. Default: false. */
  force?: boolean | undefined
}

/**
 * Writes a file atomically: it is written to a temporary file in the same folder, synced, and moved. Throws `ALREADY_EXISTS`
 * for an existing file with content, also if another process creates it meanwhile; with `force` the file is replaced. A path
 * that is not a regular file, such as a pipe, is written directly. Throws as the chunks, `INVALID_ARGUMENT` for an invalid
 * path, `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED`.
 */
export async function writeOutputFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  { force = false }: OutputFileOptions = {},
): Promise<void> {
  const there = await statOf(path)
  if (there?.isDirectory())
    throw new DistError('INVALID_ARGUMENT', `${sanitize(path)}: is a directory; give a file`)
  if (there !== undefined && !there.isFile()) return writeTo(path, path, 'w', chunks)
  if (!force) refuse(path, there)
  // The target of a link is replaced, not the link.
  const place = there === undefined ? path : await realpath(path)
  const temporary = join(dirname(place), `.${basename(place)}.${randomUUID().slice(0, 8)}`)
  try {
    await writeTo(path, temporary, 'wx', chunks)
    if (force || there !== undefined) await replace(path, temporary, place, force)
    else await occupy(path, temporary, place)
  } catch (error) {
    await rm(temporary, { force: true })
    throw unwritable(path, error)
  }
}

/** An empty file, as `mktemp` creates it, may be replaced. */
function refuse(path: string, there: Stats | undefined): void {
  if (there !== undefined && there.size > 0) throw alreadyThere(path)
}

async function replace(path: string, temporary: string, place: string, force: boolean): Promise<void> {
  if (!force) refuse(path, await statOf(place))
  await rename(temporary, place)
}

const withoutLinks: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])

/** Moves the file to a free path. Unlike renaming, linking fails if another process has created the path meanwhile. */
async function occupy(path: string, temporary: string, place: string): Promise<void> {
  try {
    await link(temporary, place)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw alreadyThere(path)
    if (!withoutLinks.has(errnoOf(error))) throw error
    return replace(path, temporary, place, false)
  }
  await rm(temporary)
}

function alreadyThere(path: string): DistError {
  return new DistError(
    'ALREADY_EXISTS',
    `${sanitize(path)}: exists already; give another file, or replace it with --force`,
  )
}

async function writeTo(
  path: string,
  place: string,
  flags: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    // Closed before the function returns, so that the file can be removed.
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

/** Errors of the system as `fileError`; other errors unchanged. */
function unwritable(path: string, error: unknown): unknown {
  return errnoOf(error) === undefined || error instanceof DistError
    ? error
    : fileError(path, 'written', error)
}
