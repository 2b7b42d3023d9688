import { defaultPrefix, queueNames } from '@dist/queue'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { Gauge, type Registry } from 'prom-client'
import { inTime } from './in-time.js'

const states = ['active', 'waiting', 'prioritized', 'waiting-children', 'delayed', 'failed'] as const

/** The number of jobs of each queue, by state. */
export type JobCounts = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Adds the number of jobs of each queue, by state, to the metrics. All coordinators report the same values. */
export function measureQueues(registry: Registry, countJobs: () => Promise<JobCounts>): void {
  new Gauge({
    name: 'dist_queue_jobs',
    help: 'Jobs in the queue, by kind and state.',
    labelNames: ['queue', 'state'],
    registers: [registry],
    async collect() {
      const counts = (await inTime(countJobs())) ?? {}
      this.reset()
      for (const [queue, { waiting = 0, prioritized = 0, ...others }] of Object.entries(counts)) {
        // BullMQ counts jobs with a priority as a separate state. Here they count as waiting.
        const byState = { ...others, waiting: waiting + prioritized }
        for (const [state, count] of Object.entries(byState)) this.set({ queue, state }, count)
      }
    },
  })
}

/** A reader of the job counts over one connection to Redis. `prefix`: of the queues' keys. */
export function openJobCounts(redis: Redis, prefix = defaultPrefix): () => Promise<JobCounts> {
  const queues = Object.values(queueNames).map(
    (name) => new Queue(name, { connection: redis, prefix, skipMetasUpdate: true }),
  )
  // Without a listener an error event would end the process. The connection's own listener logs the error.
  for (const queue of queues) queue.on('error', () => {})
  return async () => {
    const counts = queues.map(async (queue) => [queue.name, await queue.getJobCounts(...states)] as const)
    return Object.fromEntries(await Promise.all(counts))
  }
}
