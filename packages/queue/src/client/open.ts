import type { ImageReport, RunFilter, RunRequest, RunStatus, Runs, RunWatch } from '@dist/runs'
import type { Redis } from 'ioredis'
import { addRunJob, openQueues } from '../jobs/queues.js'
import { answered, type Persistence } from '../redis/errors.js'
import { Keys } from '../redis/keys.js'
import { MemoryGauge } from '../redis/memory.js'
import { RunStates } from '../state/states.js'
import { type Tuning, withDefaults } from '../tuning.js'
import type { Client } from './client.js'
import { listRuns, readStatus } from './list.js'
import { headOf, resolveRun } from './lookup.js'
import { reportImages } from './report.js'
import { retryRun } from './retry.js'
import { submitRun } from './submit.js'
import { EndWatch } from './watch.js'

export interface RunsOptions {
  /** Makes a connection to the queue's Redis, with the settings that BullMQ needs. */
  connect(): Redis
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  tuning?: Partial<Tuning> | undefined
  /** Calls wait for a Redis that is away without a limit. Default: they throw `UNAVAILABLE`. */
  persistent?: Persistence | undefined
}

/**
 * Opens the runs of a queue. Calls throw `UNAVAILABLE` without an answer of Redis within `Tuning.timeoutMs`, unless
 * `persistent` is given.
 */
export function openRuns(options: RunsOptions): Runs {
  return new QueuedRuns(options)
}

function connectQuietly({ connect }: RunsOptions): Redis {
  const redis = connect()
  // Each call throws its own error.
  redis.on('error', () => {})
  return redis
}

/** What calls of a client use, over a connection of its own. */
export function openClient(options: RunsOptions): Client {
  const tuning = withDefaults(options.tuning)
  const keys = new Keys(options.prefix)
  const redis = connectQuietly(options)
  return {
    redis,
    keys,
    queues: openQueues(redis, keys.prefix, () => {}),
    states: new RunStates(redis, keys),
    memory: new MemoryGauge(redis, tuning.full),
    tuning,
    ask: (answer) => answered(answer, tuning.timeoutMs, options.persistent),
  }
}

class QueuedRuns implements Runs {
  readonly #client: Client
  readonly #connect: () => Redis

  constructor(options: RunsOptions) {
    this.#connect = () => connectQuietly(options)
    this.#client = openClient(options)
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

  watch(run: string): RunWatch {
    return new EndWatch(this.#connect(), this.#client.keys.ending(run))
  }

  async *images(run: string): AsyncIterable<ImageReport> {
    yield* reportImages(this.#client, run, await headOf(this.#client, run))
  }

  async *failed(run: string): AsyncIterable<ImageReport> {
    const head = await headOf(this.#client, run)
    if (head['images:failed'] + head['pruned:failed'] === 0) return
    for await (const report of reportImages(this.#client, run, head))
      if (report.state === 'failed') yield report
  }

  async retry(run: string): Promise<number> {
    return retryRun(this.#client, run, await headOf(this.#client, run))
  }

  async cancel(run: string): Promise<void> {
    const { round, sources } = await headOf(this.#client, run)
    const { ask, states, queues } = this.#client
    const state = await ask(states.cancel(run))
    // The run job removes the waiting jobs. After a crash here the coordinators' sweep adds it.
    if (state === 'canceled') await ask(addRunJob(queues, { run, round, sources }))
  }

  async store(): Promise<string | undefined> {
    const { ask, redis, keys } = this.#client
    return (await ask(redis.get(keys.store))) ?? undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.redis.disconnect()
  }
}
