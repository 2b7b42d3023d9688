import { constants, truncateSync, unlinkSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Expected } from '@dist/content'
import { livenessOf } from '@dist/locks'
import { failedWith } from '../files/errors.js'
import type { Resumed } from './draft.js'
import { dataSuffix, type Entry, type Found, findEntry, ownFile, recordFile } from './entry.js'

/**
 * What a cut-off write of a ref left to go on with; what cannot be gone on with is removed. The ref's lock must
 * be held.
 */
export async function resumeEntry(
  ingest: string,
  ref: string,
  expected: Expected,
): Promise<Resumed | undefined> {
  const record = recordFile(ref)
  const found = findEntry(ingest, record)
  if (found === undefined) return undefined
  if (!continues(found.entry, expected) || found.size === 0) {
    removeEntry(ingest, record, found.entry)
    return undefined
  }
  return adopt(ingest, found, expected)
}

export function removeEntry(ingest: string, record: string, entry: Entry | undefined): void {
  // Data first: a crash in between leaves a record without data, which counts as none.
  if (entry !== undefined) removeFile(join(ingest, entry.data))
  removeFile(join(ingest, record))
}

export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!failedWith(error, 'ENOENT')) throw error
  }
}

function continues({ expected: earlier }: Entry, expected: Expected): boolean {
  if (expected.digest === undefined || earlier.digest !== expected.digest) return false
  return earlier.size === undefined || expected.size === undefined || earlier.size === expected.size
}

async function adopt(ingest: string, { entry, size }: Found, expected: Expected): Promise<Resumed> {
  const offset = Math.min(size, expected.size ?? size)
  const data = isAbandoned(entry) ? entry.data : await copyData(ingest, entry.data)
  if (size > offset) truncateSync(join(ingest, data), offset)
  return { data, offset, startedAt: entry.startedAt }
}

/** Whether nobody can be writing the data any more, lock or no lock. */
function isAbandoned({ writer }: Entry): boolean {
  return writer === undefined || livenessOf(writer) === 'dead'
}

/**
 * The earlier writer lost its lock but may still have the file open: what it wrote there after our hash has passed
 * would be committed unverified. A copy it cannot reach.
 */
async function copyData(ingest: string, data: string): Promise<string> {
  const copy = ownFile(dataSuffix)
  await copyFile(join(ingest, data), join(ingest, copy), constants.COPYFILE_FICLONE)
  removeFile(join(ingest, data))
  return copy
}
