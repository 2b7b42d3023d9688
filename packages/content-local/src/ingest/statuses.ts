import type { Status } from '@dist/content'
import type { LocalLocker } from '../locker/locker.js'
import { type Found, findEntry, lockKey, recordSuffix } from './entry.js'
import { listIngest } from './sweep.js'

/** The writes that have an entry, those of other processes and those cut off. */
export function entryStatuses(ingest: string, locker: LocalLocker): Status[] {
  const found = listIngest(ingest)
    .filter((file) => file.endsWith(recordSuffix))
    .map((record) => findEntry(ingest, record))
    .filter((entry): entry is Found => entry?.hasData === true)
  const held = locker.heldAmong(found.map(({ entry }) => lockKey(entry.ref)))
  return found.map((entry) => statusOf(entry, held))
}

function statusOf({ entry, size, updatedAt }: Found, held: ReadonlySet<string>): Status {
  const { ref, expected, startedAt } = entry
  const total = { total: expected.size }
  return { ref, offset: size, ...total, expected, startedAt, updatedAt, live: held.has(lockKey(ref)) }
}
