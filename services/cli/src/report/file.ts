import { type FileHandle, open, stat } from 'node:fs/promises'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { fileError } from '../errors/errors.js'

/** A kind of file that a command writes, and replaces when it runs again. */
export interface FileKind {
  /** What all files of the kind begin with. */
  readonly start: string
  readonly name: string
  /** The flag that names the file. */
  readonly flag: string
}

/**
 * Opens and empties a file. An earlier one of its kind is replaced. Throws `ALREADY_EXISTS` for a file of another kind, such as a
 * list of references, and `INVALID_ARGUMENT` or `PERMISSION_DENIED` for a file that cannot be written.
 */
export async function openReplaced(path: string, kind: FileKind): Promise<FileHandle> {
  if (!(await isReplaceable(path, kind)))
    throw new DistError(
      'ALREADY_EXISTS',
      `${sanitize(path)}: exists already and is not a ${kind.name}; give another file with ${kind.flag}`,
    )
  try {
    return await open(path, 'w')
  } catch (cause) {
    throw fileError(path, 'written', cause)
  }
}

/** Whether the path is free, not a regular file (a pipe), empty, or of the kind. */
async function isReplaceable(path: string, { start }: FileKind): Promise<boolean> {
  try {
    const there = await stat(path)
    return !there.isFile() || there.size === 0 || (await startOf(path, start.length)) === start
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true
    throw fileError(path, 'read', error)
  }
}

async function startOf(path: string, length: number): Promise<string> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.subarray(0, bytesRead).toString('latin1')
}
