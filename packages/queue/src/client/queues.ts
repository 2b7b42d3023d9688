import { forEachConcurrently } from '@dist/content'
import { sleep } from '@dist/errdefs'
import type { QueueControl, QueueName, QueueStatus } from '@dist/runs'
import type { Job } from 'bullmq'
import { queueNames } from '../jobs/queues.js'
import type { Client } from './client.js'
import { openClient, type RunsOptions } from './open.js'

/** Jobs that one call releases, and how many at the same time. */
const releasedAtMost = 10_000
const releasedTogether = 32
/** Milliseconds within which a job is delayed that has noted that it waits, and between two looks. */
const delayedWithin = 1_000
const lookEvery = 50

/** Opens the queues themselves. Calls throw as those of `openRuns`. */
export function openQueueControl(options: RunsOptions): QueueControl & AsyncDisposable {
  return new BullQueues(openClient(options))
}

class BullQueues implements QueueControl, AsyncDisposable {
  constructor(private readonly client: Client) {}

  list(): Promise<QueueStatus[]> {
    return Promise.all(Object.values(queueNames).map((name) => this.#status(name)))
  }

  async pause(name: QueueName): Promise<void> {
    await this.client.ask(this.client.queues[name].pause())
  }

  async resume(name: QueueName): Promise<void> {
    await this.client.ask(this.client.queues[name].resume())
  }

  async release(host: string): Promise<number> {
    const { redis, keys, ask } = this.client
    const waiting = await ask(redis.zrange(keys.waits(host), '0', String(releasedAtMost - 1)))
    const untilNow = await ask(redis.zcount(keys.waits(host), '-inf', Date.now()))
    let released = 0
    await forEachConcurrently(waiting.entries(), releasedTogether, async ([place, member]) => {
      const [queue = '', id = ''] = member.split(' ')
      const within = place < untilNow ? 0 : delayedWithin
      if (await this.#promote(queue as QueueName, id, within)) released++
    })
    if (waiting.length > 0) await ask(redis.zrem(keys.waits(host), ...waiting))
    return released
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.redis.disconnect()
  }

  /** False for a job that has ended, or goes on already. One that is active may be delayed within so many milliseconds. */
  async #promote(queue: QueueName, id: string, within: number): Promise<boolean> {
    const job: Pick<Job, 'promote' | 'isActive'> | undefined = await this.client.queues[queue].getJob(id)
    if (job === undefined) return false
    const isPromoted = () =>
      job.promote().then(
        () => true,
        () => false,
      )
    for (const start = performance.now(); !(await isPromoted()); await sleep(lookEvery)) {
      if (performance.now() - start >= within) return false
      if (!(await job.isActive())) return await isPromoted()
    }
    return true
  }

  async #status(name: QueueName): Promise<QueueStatus> {
    const { ask, queues } = this.client
    const queue = queues[name]
    const [counts, paused] = await Promise.all([ask(queue.getJobCounts()), ask(queue.isPaused())])
    const sum = (...states: string[]) => states.reduce((total, state) => total + (counts[state] ?? 0), 0)
    const jobs = {
      waiting: sum('waiting', 'wait', 'paused', 'prioritized'),
      active: sum('active'),
      delayed: sum('delayed'),
      blocked: sum('waiting-children'),
      failed: sum('failed'),
    }
    return { name, paused, jobs }
  }
}
