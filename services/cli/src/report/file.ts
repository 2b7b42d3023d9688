import { type FileHandle, open, stat } from 'node:fs/promises'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { fileError } from '../errors/describe.js'

/**
 * Opens and empties the file of a report. An earlier report is replaced. Throws `ALREADY_EXISTS` for a file that is not a
 * report, such as a list of references, and `INVALID_ARGUMENT` or `PERMISSION_DENIED` for a file that cannot be written.
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

/** Whether the path is free, not a regular file (a pipe), or a report: lines of JSON objects. */
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
