import { mkdir, rmdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { fileError } from '../errors/errors.js'

/** A directory that a command fills. Disposing removes created directories, unless `keep` was called. */
export interface FilledDirectory extends AsyncDisposable {
  readonly path: string
  keep(): void
}

/**
 * Creates the directory and its parents if they do not exist. Throws `INVALID_ARGUMENT` for a path that cannot be a directory,
 * and `PERMISSION_DENIED`.
 */
export async function openDirectory(name: string): Promise<FilledDirectory> {
  const path = resolve(name)
  let made = await make(path)
  return {
    path,
    keep: () => {
      made = undefined
    },
    [Symbol.asyncDispose]: async () => {
      if (made !== undefined) await removeUpTo(made, path)
    },
  }
}

/** The topmost created directory; undefined if none was created. */
async function make(path: string): Promise<string | undefined> {
  try {
    return await makeUpTo(path)
  } catch (cause) {
    throw impossible(path, cause)
  }
}

// Node's own `recursive` never ends on a file system without writable directories, such as /proc.
async function makeUpTo(path: string): Promise<string | undefined> {
  const errno = await makeOne(path)
  if (errno === undefined) return path
  if (errno === 'EEXIST') return undefined
  const first = await makeUpTo(dirname(path))
  await makeOne(path, 'last')
  return first ?? path
}

/** Why it was not created: it exists, or its parent does not, which the last attempt throws. */
async function makeOne(path: string, attempt?: 'last'): Promise<'EEXIST' | 'ENOENT' | undefined> {
  try {
    await mkdir(path)
    return undefined
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST' && (await stat(path)).isDirectory()) return errno
    if (errno === 'ENOENT' && attempt === undefined && dirname(path) !== path) return errno
    throw error
  }
}

const noDirectory: ReadonlySet<string> = new Set(['EEXIST', 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'])

function impossible(path: string, cause: unknown): DistError {
  const errno = errnoOf(cause)
  if (errno !== undefined && noDirectory.has(errno))
    return new DistError('INVALID_ARGUMENT', `${sanitize(path)}: not a directory, and cannot be created`, {
      cause,
    })
  return fileError(path, 'made', cause)
}

/** Removes only empty directories: another process may have added files. */
async function removeUpTo(first: string, last: string): Promise<void> {
  for (let path = last; ; path = dirname(path)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    )
    if (!removed || path === first) return
  }
}
