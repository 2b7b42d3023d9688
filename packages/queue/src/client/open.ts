import type {
  BlobReport,
  CollectionRequest,
  CollectionRun,
  DeletedPage,
  FailedTry,
  FailureCause,
  ImageFilter,
  ImagePage,
  ImageReport,
  RetryFilter,
  RunFilter,
  RunRequest,
  RunStatus,
  Runs,
  RunWatch,
  SubmitOnce,
} from '@dist/runs'
import type { Redis } from 'ioredis'
import { addRunJob, openQueues } from '../jobs/queues.js'
import { answered, type Persistence } from '../redis/errors.js'
import { Keys } from '../redis/keys.js'
import { MemoryGauge } from '../redis/memory.js'
import { readCauses } from '../state/causes.js'
import { RunStates } from '../state/states.js'
import { readTries } from '../state/tries.js'
import { type Tuning, withDefaults } from '../tuning.js'
import { reportBlobs } from './blobs.js'
import type { Client } from './client.js'
import { deletedPage, requestCollection } from './collect.js'
import { listRuns, readStatus } from './list.js'
import { checkIndex, headOf, resolveRun } from './lookup.js'
import { submitOnce } from './once.js'
import { failedReports, pageImages } from './page.js'
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

  submit(request: RunRequest, once?: SubmitOnce): Promise<string> {
    return once === undefined ? submitRun(this.#client, request) : submitOnce(this.#client, request, once)
  }

  collect(request: CollectionRequest, store?: string): Promise<CollectionRun> {
    return requestCollection(this.#client, request, store)
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
    yield* failedReports(this.#client, run, await headOf(this.#client, run))
  }

  async deleted(run: string, from = 0): Promise<DeletedPage> {
    await headOf(this.#client, run)
    return deletedPage(this.#client, run, from)
  }

  async imagePage(run: string, filter: ImageFilter): Promise<ImagePage> {
    return pageImages(this.#client, run, await headOf(this.#client, run), filter)
  }

  async blobs(run: string, index: number): Promise<BlobReport[]> {
    return reportBlobs(this.#client, run, await headOf(this.#client, run), index)
  }

  async tries(run: string, index: number): Promise<FailedTry[]> {
    const { ask, redis, keys } = this.#client
    checkIndex(run, index, await headOf(this.#client, run))
    return readTries(await ask(redis.hget(keys.tries(run), String(index))))
  }

  async causes(run: string): Promise<FailureCause[]> {
    const { ask, redis, keys } = this.#client
    await headOf(this.#client, run)
    return readCauses(await ask(redis.hgetall(keys.causes(run))))
  }

  async retry(run: string, filter?: RetryFilter): Promise<number> {
    return retryRun(this.#client, run, await headOf(this.#client, run), filter)
  }

  async cancel(run: string): Promise<void> {
    const head = await headOf(this.#client, run)
    const { ask, states, queues } = this.#client
    const state = await ask(states.cancel(run))
    // The run job removes the waiting jobs. After a crash here the coordinators' sweep adds it.
    if (state === 'canceled') await ask(addRunJob(queues, { run, round: head.round }, head))
  }

  async store(): Promise<string | undefined> {
    const { ask, redis, keys } = this.#client
    return (await ask(redis.get(keys.store))) ?? undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.redis.disconnect()
  }
}
