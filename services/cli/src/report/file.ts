import { type FileHandle, open, stat } from 'node:fs/promises'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { fileError } from '../errors/describe.js'

/**
 * Opens the file of a report, emptied. A report of before gives way, so that the same command can be run again; a file
 * that is none is `ALREADY_EXISTS`, as the list of references that was named by mistake. Throws `INVALID_ARGUMENT` or
 * `PERMISSION_DENIED` for a file that cannot be written.
 */
export async function openReportFile(path: string): Promise<FileHandle> {
  if (!(await isReplaceable(path)))
    throw new DistError(
      'ALREADY_EXISTS',
      `${sanitize(path)}: exists already and is not a report; give another file with --report`,
    )
  try {
    return await open(path, 'w')
  } catch (cause) {
    throw fileError(path, 'written', cause)
  }
}

/** Whether nothing is there, or what is no file, as a pipe, or lines of JSON objects. */
async function isReplaceable(path: string): Promise<boolean> {
  try {
    const there = await stat(path)
    return !there.isFile() || there.size === 0 || (await firstByte(path)) === '{'
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true
    throw fileError(path, 'read', error)
  }
}

async function firstByte(path: string): Promise<string> {
  await using file = await open(path, 'r')
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 0)
  return buffer.toString('latin1')
}
