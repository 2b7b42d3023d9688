import type { ImageReport, RunFilter, RunRequest, RunStatus, Runs } from '@dist/runs'
import type { Redis } from 'ioredis'
import { addRunJob, openQueues, type Queues } from '../jobs/queues.js'
import { answered, type Persistence } from '../redis/errors.js'
import { Keys } from '../redis/keys.js'
import { MemoryGauge } from '../redis/memory.js'
import { RunStates } from '../state/states.js'
import { type Tuning, tuned } from '../tuning.js'
import { listRuns, readStatus } from './list.js'
import { headOf, resolveRun } from './lookup.js'
import { reportImages } from './report.js'
import { retryRun } from './retry.js'
import { submitRun } from './submit.js'

export interface RunsOptions {
  /** Makes a connection to the queue's Redis, with the settings that BullMQ needs. */
  connect(): Redis
  /** Keys start with it. Default: `{dist}`. */
  prefix?: string | undefined
  tuning?: Partial<Tuning> | undefined
  /** Calls wait for a Redis that is away as long as it takes. Default: they throw `UNAVAILABLE`. */
  persistent?: Persistence | undefined
}

/**
 * Opens the runs of a queue. Every call is bounded, unless it is asked for persistence: `UNAVAILABLE` when Redis gives
 * no answer in time.
 */
export function openRuns(options: RunsOptions): Runs {
  return new QueuedRuns(options)
}

/** What the parts of the client share. */
export interface Client {
  readonly redis: Redis
  readonly keys: Keys
  readonly queues: Queues
  readonly states: RunStates
  readonly memory: MemoryGauge
  readonly tuning: Tuning
  /** Waits for an answer of Redis, within bounds. */
  ask<T>(answer: Promise<T>): Promise<T>
}

class QueuedRuns implements Runs {
  readonly #client: Client

  constructor({ connect, prefix, tuning: some, persistent }: RunsOptions) {
    const tuning = tuned(some)
    const keys = new Keys(prefix)
    const redis = connect()
    // Each call tells its own failure.
    redis.on('error', () => {})
    this.#client = {
      redis,
      keys,
      queues: openQueues(redis, keys.prefix, () => {}),
      states: new RunStates(redis, keys),
      memory: new MemoryGauge(redis, tuning.full),
      tuning,
      ask: (answer) => answered(answer, tuning.patience, persistent),
    }
  }

  submit(request: RunRequest): Promise<string> {
    return submitRun(this.#client, request)
  }

  resolve(prefix: string): Promise<string> {
    return resolveRun(this.#client, prefix)
  }

  list(filter: RunFilter = {}): Promise<RunStatus[]> {
    return listRuns(this.#client, filter)
  }

  async status(run: string): Promise<RunStatus> {
    return readStatus(this.#client, run, await headOf(this.#client, run))
  }

  async *images(run: string): AsyncIterable<ImageReport> {
    yield* reportImages(this.#client, run, await headOf(this.#client, run))
  }

  async *failed(run: string): AsyncIterable<ImageReport> {
    for await (const report of this.images(run)) if (report.state === 'failed') yield report
  }

  async retry(run: string): Promise<number> {
    return retryRun(this.#client, run, await headOf(this.#client, run))
  }

  async cancel(run: string): Promise<void> {
    const { round } = await headOf(this.#client, run)
    const { ask, states, queues, tuning } = this.#client
    const state = await ask(states.cancel(run))
    // Its job removes what waits. A crash before this line leaves that to the coordinators' sweep.
    if (state === 'canceled') await ask(addRunJob(queues, { v: 1, run, round }, tuning))
  }

  async store(): Promise<string | undefined> {
    const { ask, redis, keys } = this.#client
    return (await ask(redis.get(keys.store))) ?? undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.redis.disconnect()
  }
}
