import { type Status, statusOf } from '@dist/content'
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
  return found.map(({ entry: { ref, expected, startedAt }, size, updatedAt }) =>
    statusOf({ ref, offset: size, expected, startedAt, updatedAt, live: held.has(lockKey(ref)) }),
  )
}
