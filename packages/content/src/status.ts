import type { Status } from './content.js'

/** The status of a write, with the expected size as its total. */
export function statusOf(write: Omit<Status, 'total'>): Status {
  const { ref, offset, expected, startedAt, updatedAt, live } = write
  return { ref, offset, total: expected.size, expected, startedAt, updatedAt, live }
}
