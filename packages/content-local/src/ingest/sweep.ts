import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isUnavailable } from '@dist/errdefs'
import { type Locker, livenessOf } from '@dist/locks'
import { failedWith } from '../files/errors.js'
import { type Found, findEntry, lockKey, makerOf, recordSuffix } from './entry.js'
import { removeEntry, removeFile } from './resume.js'

/** What a sweep removed. */
export interface Swept {
  /** The write's ref; undefined for what a crash left behind that no write can go on with. */
  readonly ref: string | undefined
  /** Bytes set free. */
  readonly size: number
  readonly updatedAt: Date
}

/** Milliseconds that a file is spared whose maker cannot be asked whether it still lives. */
const unknownOwnerGraceMs = 60 * 60 * 1000

/** Removes what has not changed for `olderThan` milliseconds and nobody writes. */
export async function sweepIngest(ingest: string, locker: Locker, olderThan: number): Promise<Swept[]> {
  const before = Date.now() - olderThan
  const swept: Swept[] = []
  const named = new Set<string>()
  for (const record of listIngest(ingest).filter((file) => file.endsWith(recordSuffix))) {
    const found = findEntry(ingest, record)
    if (found === undefined) continue
    named.add(record).add(found.entry.data)
    if (found.updatedAt.getTime() <= before && (await removeIdle(ingest, record, found, locker)))
      swept.push({ ref: found.entry.ref, size: found.size, updatedAt: found.updatedAt })
  }
  return [...swept, ...sweepStrays(ingest, named, before)]
}

export function listIngest(ingest: string): string[] {
  try {
    return readdirSync(ingest)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return []
    throw error
  }
}

async function removeIdle(ingest: string, record: string, found: Found, locker: Locker): Promise<boolean> {
  try {
    await using _ = await locker.acquire(lockKey(found.entry.ref), { wait: 0 })
    // Looked at again under the lock: it may have been gone on with, or committed, meanwhile.
    const again = findEntry(ingest, record)
    if (again === undefined || again.updatedAt.getTime() !== found.updatedAt.getTime()) return false
    removeEntry(ingest, record, again.entry)
    return true
  } catch (error) {
    if (isUnavailable(error)) return false
    throw error
  }
}

/** Temporary files of small writes, data that no record names, records that nobody can read. */
function sweepStrays(ingest: string, named: ReadonlySet<string>, before: number): Swept[] {
  const swept: Swept[] = []
  for (const file of listIngest(ingest)) {
    if (named.has(file)) continue
    const stat = statSync(join(ingest, file), { throwIfNoEntry: false })
    if (stat === undefined || !stat.isFile() || stat.mtimeMs > spared(file, before)) continue
    removeFile(join(ingest, file))
    swept.push({ ref: undefined, size: stat.size, updatedAt: stat.mtime })
  }
  return swept
}

/** The latest time of change at which a stray may go. */
function spared(file: string, before: number): number {
  const maker = makerOf(file)
  const fate = maker === undefined ? 'unknown' : livenessOf(maker)
  return fate === 'dead' ? before : Math.min(before, Date.now() - unknownOwnerGraceMs)
}
