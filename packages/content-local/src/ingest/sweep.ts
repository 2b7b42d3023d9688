import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Swept } from '@dist/content'
import { isUnavailable } from '@dist/errdefs'
import { type Locker, livenessOf } from '@dist/locks'
import { listIngest, removeEntry, removeFile } from './entries.js'
import { type FoundEntry, findEntry, lockKey, makerOf, recordSuffix } from './entry.js'

/** Milliseconds that a file is kept if its maker may still be alive (another machine or container). */
const unknownOwnerGraceMs = 60 * 60 * 1000

/** Removes everything that has not changed for `olderThan` milliseconds and has no writer. */
export async function sweepIngest(ingest: string, locker: Locker, olderThan: number): Promise<Swept[]> {
  const before = Date.now() - olderThan
  const swept: Swept[] = []
  const known = new Set<string>()
  for (const record of listIngest(ingest).filter((file) => file.endsWith(recordSuffix))) {
    const found = findEntry(ingest, record)
    if (found === undefined) continue
    known.add(record).add(found.entry.data)
    if (found.updatedAt.getTime() <= before && (await removeIdle(ingest, record, found, locker)))
      swept.push({ ref: found.entry.ref, size: found.size, updatedAt: found.updatedAt })
  }
  return [...swept, ...sweepStrays(ingest, known, before)]
}

async function removeIdle(
  ingest: string,
  record: string,
  found: FoundEntry,
  locker: Locker,
): Promise<boolean> {
  try {
    await using _ = await locker.acquire(lockKey(found.entry.ref), { wait: 0 })
    // Read again under the lock: another write may have resumed or committed it meanwhile.
    const again = findEntry(ingest, record)
    if (again === undefined || again.updatedAt.getTime() !== found.updatedAt.getTime()) return false
    removeEntry(ingest, record, again.entry)
    return true
  } catch (error) {
    if (isUnavailable(error)) return false
    throw error
  }
}

/** Removes temporary files of small writes, data files without a record, and unreadable records. */
function sweepStrays(ingest: string, known: ReadonlySet<string>, before: number): Swept[] {
  const swept: Swept[] = []
  for (const file of listIngest(ingest)) {
    if (known.has(file)) continue
    const stat = statSync(join(ingest, file), { throwIfNoEntry: false })
    if (stat === undefined || !stat.isFile() || stat.mtimeMs > latestChange(file, before)) continue
    removeFile(join(ingest, file))
    swept.push({ ref: undefined, size: stat.size, updatedAt: stat.mtime })
  }
  return swept
}

/** A stray file is removed if its last change is not after this time. */
function latestChange(file: string, before: number): number {
  const maker = makerOf(file)
  const liveness = maker === undefined ? 'unknown' : livenessOf(maker)
  return liveness === 'dead' ? before : Math.min(before, Date.now() - unknownOwnerGraceMs)
}
