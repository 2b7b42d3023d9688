import type { Redis } from 'ioredis'
import { medianOf } from '../measure.js'

/** BullMQ's stream of events of blob jobs; an entry's id begins with the server's time in milliseconds. */
const events = '{dist}:blobs:events'

/** How long the last blob jobs waited between being added and being taken, in milliseconds. */
export async function waits(redis: Redis, last: number): Promise<{ median: number; p99: number }> {
  const added = new Map<string, number>()
  const waited: number[] = []
  for (const [id, fields] of await redis.xrange(events, '-', '+')) {
    const [event = '', job = ''] = [field(fields, 'event'), field(fields, 'jobId')]
    const at = Number(id.split('-')[0])
    if (event === 'added') added.set(job, at)
    const from = added.get(job)
    if (event === 'active' && from !== undefined) waited.push(at - from)
  }
  const sorted = waited.slice(-last).sort((a, b) => a - b)
  return { median: medianOf(sorted), p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN }
}

/** Entries are lists of names and values in turn. */
function field(fields: readonly string[], name: string): string | undefined {
  const at = fields.findIndex((each, i) => i % 2 === 0 && each === name)
  return at < 0 ? undefined : fields[at + 1]
}
