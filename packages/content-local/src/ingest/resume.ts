import { constants, truncateSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Expected } from '@dist/content'
import { livenessOf } from '@dist/locks'
import { removeEntry, removeFile } from './entries.js'
import { dataSuffix, type Entry, type FoundEntry, findEntry, recordFile, uniqueFile } from './entry.js'

/** An entry that a write resumes after its first `offset` bytes. */
export interface Resumable {
  readonly entry: Entry
  readonly offset: number
}

/**
 * Takes over the entry of an interrupted write of a ref; undefined if there is none. An entry that cannot be resumed
 * is removed. The lock of the ref must be held.
 */
export async function takeOverEntry(
  ingest: string,
  ref: string,
  expected: Expected,
): Promise<Resumable | undefined> {
  const record = recordFile(ref)
  const found = findEntry(ingest, record)
  if (found === undefined) return undefined
  if (!isSameContent(found.entry.expected, expected) || found.size === 0) {
    removeEntry(ingest, record, found.entry)
    return undefined
  }
  return takeOver(ingest, found, expected)
}

function isSameContent(earlier: Expected, expected: Expected): boolean {
  if (expected.digest === undefined || earlier.digest !== expected.digest) return false
  return earlier.size === undefined || expected.size === undefined || earlier.size === expected.size
}

async function takeOver(ingest: string, { entry, size }: FoundEntry, expected: Expected): Promise<Resumable> {
  const offset = Math.min(size, expected.size ?? size)
  const data = hasNoWriter(entry) ? entry.data : await moveData(ingest, entry.data)
  if (size > offset) truncateSync(join(ingest, data), offset)
  return { entry: { ...entry, expected, data }, offset }
}

/** Whether no process can write the data any more, with or without the lock. */
function hasNoWriter({ writer }: Entry): boolean {
  return writer === undefined || livenessOf(writer) === 'dead'
}

/**
 * Copies the data to a file that the earlier writer cannot reach. That writer lost its lock but may still have the old
 * file open: bytes that it writes after this process has hashed them would be committed unverified.
 */
async function moveData(ingest: string, data: string): Promise<string> {
  const copy = uniqueFile(dataSuffix)
  await copyFile(join(ingest, data), join(ingest, copy), constants.COPYFILE_FICLONE)
  removeFile(join(ingest, data))
  return copy
}
