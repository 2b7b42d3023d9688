import { defaultPrefix, queueNames } from '@dist/queue'
import type { Redis } from 'ioredis'
import { Gauge, type Registry } from 'prom-client'
import { inTime } from './in-time.js'

/** Jobs of each list that are looked at, at each end of it: BullMQ sorts jobs by other things than their age. */
const lookedAt = 50

/** The lists of BullMQ by state. Jobs with a priority wait in a list of their own. */
const lists = {
  active: ['active'],
  waiting: ['wait', 'paused', 'prioritized'],
  'waiting-children': ['waiting-children'],
  delayed: ['delayed'],
} as const

const sorted: readonly string[] = ['prioritized', 'waiting-children', 'delayed']

/** Milliseconds since 1970 at which the oldest job was added, by queue and state. */
type OldestJobs = readonly { readonly queue: string; readonly state: string; readonly addedAt: number }[]

/** Adds the age of the oldest job of each queue, by state, to the metrics. All coordinators report the same values. */
export function measureAges(registry: Registry, findOldest: () => Promise<OldestJobs>): void {
  new Gauge({
    name: 'dist_queue_oldest_job_age_seconds',
    help: 'Time since the oldest job in the queue was added, by kind and state. Absent without such a job.',
    labelNames: ['queue', 'state'],
    registers: [registry],
    async collect() {
      const found = (await inTime(findOldest())) ?? []
      this.reset()
      for (const { queue, state, addedAt } of found)
        this.set({ queue, state }, Math.max(0, Date.now() - addedAt) / 1_000)
    },
  })
}

/** A reader of the oldest jobs. `prefix`: of the queues' keys. */
export function openOldestJobs(redis: Redis, prefix = defaultPrefix): () => Promise<OldestJobs> {
  const keyOf = (queue: string, what: string) => `${prefix}:${queue}:${what}`
  const idsOf = async (queue: string, list: string): Promise<string[]> => {
    const key = keyOf(queue, list)
    const range = (from: number, to: number) =>
      sorted.includes(list) ? redis.zrange(key, String(from), String(to)) : redis.lrange(key, from, to)
    const ends = await Promise.all([range(0, lookedAt - 1), range(-lookedAt, -1)])
    return [...new Set(ends.flat())]
  }
  const oldest = async (queue: string, state: keyof typeof lists) => {
    const ids = (await Promise.all(lists[state].map((list) => idsOf(queue, list)))).flat()
    const times = await Promise.all(ids.map((id) => redis.hget(keyOf(queue, id), 'timestamp')))
    const known = times.flatMap((time) => (time === null ? [] : [Number(time)]))
    return known.length === 0 ? [] : [{ queue, state, addedAt: Math.min(...known) }]
  }
  const states = Object.keys(lists) as (keyof typeof lists)[]
  return async () => {
    const all = Object.values(queueNames).flatMap((queue) => states.map((state) => oldest(queue, state)))
    return (await Promise.all(all)).flat()
  }
}
