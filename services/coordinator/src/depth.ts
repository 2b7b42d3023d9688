import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { Gauge, type Registry } from 'prom-client'

const queueNames = ['runs', 'images', 'blobs']
const states = ['active', 'waiting', 'prioritized', 'waiting-children', 'delayed', 'failed'] as const

/** Milliseconds that whoever reads the metrics waits for Redis; what is not known is left out. */
const patience = 2_000

/** Adds how many jobs each queue has, by state, to the metrics. All coordinators show the same. */
export function measureQueues(registry: Registry, connect: () => Redis): void {
  const connection = connect()
  const queues = queueNames.map(
    (name) => new Queue(name, { connection, prefix: '{dist}', skipMetasUpdate: true }),
  )
  // The connection's own listener has said it.
  for (const queue of queues) queue.on('error', () => {})
  new Gauge({
    name: 'dist_queue_jobs',
    help: 'Jobs in the queue, by kind and state.',
    labelNames: ['queue', 'state'],
    registers: [registry],
    async collect() {
      this.reset()
      const counted = await withinPatience(Promise.all(queues.map((queue) => queue.getJobCounts(...states))))
      for (const [at, { waiting = 0, prioritized = 0, ...others }] of (counted ?? []).entries()) {
        // BullMQ keeps jobs with a priority apart. They wait as the others do.
        const shown = { ...others, waiting: waiting + prioritized }
        for (const [state, count] of Object.entries(shown))
          this.set({ queue: queueNames[at] ?? '', state }, count)
      }
    },
  })
}

async function withinPatience<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patience)
  })
  return Promise.race([answer.catch(() => undefined), late]).finally(() => clearTimeout(timer))
}
