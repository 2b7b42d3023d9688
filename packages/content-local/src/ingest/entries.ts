import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Status, statusOf } from '@dist/content'
import { failedWith } from '../files/errors.js'
import type { LocalLocker } from '../locker/locker.js'
import { type Entry, type FoundEntry, findEntry, lockKey, recordSuffix } from './entry.js'

/** The files in `ingest/`; none where the directory is missing. */
export function listIngest(ingest: string): string[] {
  try {
    return readdirSync(ingest)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return []
    throw error
  }
}

/** The statuses of all entries: of writes in other processes and of interrupted ones. */
export function entryStatuses(ingest: string, locker: LocalLocker): Status[] {
  const found = listIngest(ingest)
    .filter((file) => file.endsWith(recordSuffix))
    .map((record) => findEntry(ingest, record))
    .filter((entry): entry is FoundEntry => entry?.hasData === true)
  const held = locker.heldAmong(found.map(({ entry }) => lockKey(entry.ref)))
  return found.map(({ entry: { ref, expected, startedAt }, size, updatedAt }) =>
    statusOf({ ref, offset: size, expected, startedAt, updatedAt, live: held.has(lockKey(ref)) }),
  )
}

export function removeEntry(ingest: string, record: string, entry: Entry): void {
  // Data first: a crash in between leaves a record without data, which counts as none.
  removeFile(join(ingest, entry.data))
  removeFile(join(ingest, record))
}

/** A missing file is not an error. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!failedWith(error, 'ENOENT')) throw error
  }
}
