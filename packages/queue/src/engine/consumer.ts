import { setMaxListeners } from 'node:events'
import { DistError, jitter, linkSignals } from '@dist/errdefs'
import { DelayedError, ErrorCode, type Job, WaitingChildrenError, WaitingError, Worker } from 'bullmq'
import { backoffType, isFinal, isJobError, jobError, pauseBefore, readReason } from '../jobs/failure.js'
import { NewerJob } from '../jobs/payload.js'
import { toDistError } from '../redis/errors.js'
import { repeatStrategy } from '../schedule/repeat.js'
import type { Engine } from './engine.js'
import { deathsField } from './reclaim.js'

/**
 * The outcome of a job that has not failed: `children` waits for its blob jobs, `later` delays it by so many
 * milliseconds. Neither uses an attempt.
 */
export type JobOutcome = 'done' | 'children' | { readonly later: number }

export interface JobContext {
  /** The token of BullMQ's lock. */
  readonly token: string
  /** Aborts when the job no longer belongs to this process: its lock is lost, or the service stops. */
  readonly signal: AbortSignal
  /** Whether the consumer takes no further job until one of its jobs ends. */
  readonly isFull: () => boolean
}

export interface JobHandler<T> {
  process(job: Job<T>, context: JobContext): Promise<JobOutcome>
  /** Records a final failure. Called before BullMQ records it, and again when BullMQ fails a job by itself. */
  failed(job: Job<T>, error: unknown): Promise<void>
  /** Reports that the job will be tried again after this error. */
  retrying(job: Job<T>, error: unknown): void
}

/** What a service needs of its consumers, whatever their payloads are. */
export interface RunningConsumer {
  readonly worker: Pick<Worker, 'name' | 'isRunning' | 'toKey' | 'getBackend' | 'waitUntilReady'>
  /** Jobs under way. */
  readonly active: number
  /** When a job was last taken, by `performance.now()`. */
  readonly startedAt: number
  readonly hasRoom: boolean
  run(): void
  /** Takes no more jobs and hands back those under way. Resolves when all are, which may be never. */
  close(): Promise<void>
}

/** Default of `ConsumerOptions.keptCompleted`. */
const defaultKeptCompleted = 1_000

interface ConsumerOptions {
  /** As in `Tuning`, where the default is. */
  readonly maxStalled?: number | undefined
  /** As in `Tuning`, where the default is. */
  readonly attempts?: number | undefined
  /** Failed jobs that stay in Redis. Default: all; images are retried from theirs. */
  readonly keptFailed?: number | undefined
  /** Completed jobs that stay in Redis, for the dashboard. Default: 1,000. */
  readonly keptCompleted?: number | undefined
}

/** Takes the jobs of one queue, and translates the outcomes of a handler for BullMQ. */
export class Consumer<T> implements RunningConsumer {
  readonly worker: Worker<T>
  readonly #stopping = new AbortController()
  readonly #removeListener: (() => void) | undefined
  readonly #maxStalled: number
  readonly #attempts: number
  #active = 0
  #startedAt = 0

  constructor(
    private readonly engine: Engine,
    name: string,
    private readonly handler: JobHandler<T>,
    private readonly concurrency: number,
    options: ConsumerOptions = {},
  ) {
    const { tuning, presence } = engine
    const { maxStalled = tuning.maxStalled, keptCompleted = defaultKeptCompleted, keptFailed } = options
    this.#maxStalled = maxStalled
    this.#attempts = options.attempts ?? tuning.attempts
    setMaxListeners(0, this.#stopping.signal)
    // BullMQ passes a signal to processors with three parameters.
    const process = (job: Job<T>, token?: string, signal?: AbortSignal) => this.#process(job, token, signal)
    this.worker = new Worker<T>(name, process, {
      connection: engine.redis,
      prefix: engine.keys.prefix,
      autorun: false,
      concurrency,
      lockDuration: tuning.lockDuration,
      stalledInterval: tuning.stalledInterval,
      // BullMQ counts a busy worker like a dead one. With presence, deaths are counted in `Reclaim` instead.
      maxStalledCount: presence === undefined ? maxStalled : Number.MAX_SAFE_INTEGER,
      ...(presence === undefined ? {} : { name: presence.id }),
      runRetryDelay: 1_000,
      // Failed jobs stay until their image is retried or their run is removed.
      removeOnComplete: { count: keptCompleted },
      ...(keptFailed === undefined ? {} : { removeOnFail: { count: keptFailed } }),
      settings: {
        backoffStrategy: (attempt, _type, error) => pauseBefore(attempt ?? 1, error, tuning),
        repeatStrategy,
      },
    })
    this.worker.on('error', (error) => engine.emit({ type: 'error', error: toConsumerError(error) }))
    this.worker.on('lockRenewalFailed', (ids: string[]) => {
      for (const id of ids) this.worker.cancelJob(id, 'the lock is lost')
    })
    this.#removeListener = presence?.onStandstill(() => this.worker.cancelAllJobs(standstill))
    this.worker.on('failed', (job, error) => {
      if (job !== undefined && !isJobError(error) && job.finishedOn !== undefined)
        void this.#recordFailure(job)
    })
  }

  get active(): number {
    return this.#active
  }

  get startedAt(): number {
    return this.#startedAt
  }

  get hasRoom(): boolean {
    return this.#active < this.concurrency
  }

  run(): void {
    this.worker.run().catch((error: unknown) => this.engine.emit({ type: 'error', error }))
  }

  async close(): Promise<void> {
    this.#removeListener?.()
    const closed = this.worker.close()
    this.#stopping.abort(new DistError('CANCELED', 'the service stops'))
    await closed
  }

  async #process(job: Job<T>, token = '', lost?: AbortSignal): Promise<void> {
    this.#active++
    this.#startedAt = performance.now()
    // BullMQ reads them when the job fails.
    Object.assign(job.opts, { attempts: this.#attempts, backoff: { type: backoffType }, stackTraceLimit: 0 })
    using ended = linkSignals(this.#stopping.signal, lost)
    const context = { token, signal: ended.signal, isFull: () => !this.hasRoom }
    try {
      await settleJob(await this.#handle(job, context, lost), job, token)
    } finally {
      this.#active--
    }
  }

  async #handle(
    job: Job<T>,
    context: JobContext,
    lost: AbortSignal | undefined,
  ): Promise<JobOutcome | 'handBack'> {
    if (this.#stopping.signal.aborted) return 'handBack'
    try {
      await this.#checkDeaths(job)
      return await this.handler.process(job, context)
    } catch (error) {
      // The job may still belong to this process: then it can be handed back.
      if (lost?.reason === standstill) return 'handBack'
      // Another process has the job and records its end. BullMQ finds no lock for this error.
      if (lost?.aborted || hasLostJob(error)) throw error
      if (this.#stopping.signal.aborted) return 'handBack'
      if (error instanceof NewerJob) {
        this.engine.emit({ type: 'error', error })
        return { later: jitter(this.engine.tuning.newer) }
      }
      return await this.#fail(job, error)
    }
  }

  /** Fails a job that several services died with: the job probably kills them. */
  async #checkDeaths(job: Job<T>): Promise<void> {
    if (job.stalledCounter === 0 || this.engine.presence === undefined) return
    const deaths = await this.engine.redis.hget(this.worker.toKey(job.id ?? ''), deathsField)
    if (Number(deaths) <= this.#maxStalled) return
    throw new DistError('INTERNAL', `${deaths} services died while they worked on this job; not tried again`)
  }

  async #fail(job: Job<T>, error: unknown): Promise<never> {
    const final = isFinal(error, job.attemptsMade, this.#attempts)
    // Before BullMQ records it: after a crash in between the job runs again and finds that it has ended.
    if (final) await this.handler.failed(job, error)
    else this.handler.retrying(job, error)
    throw jobError(error, final)
  }

  async #recordFailure(job: Job<T>): Promise<void> {
    try {
      const { code, message } = readReason(job.failedReason)
      await this.handler.failed(job, new DistError(code, message))
    } catch (error) {
      // The run's reconcile loop finds the job.
      this.engine.emit({ type: 'error', error })
    }
  }
}

async function settleJob(outcome: JobOutcome | 'handBack', job: Job, token: string): Promise<void> {
  if (outcome === 'done') return
  if (outcome === 'children') throw new WaitingChildrenError()
  if (outcome === 'handBack') {
    // To the front of its queue, without using an attempt.
    await job.moveToWait(token)
    throw new WaitingError()
  }
  await job.moveToDelayed(Date.now() + Math.ceil(outcome.later), token)
  throw new DelayedError()
}

/** The reason for which jobs are canceled after a standstill. */
const standstill = 'this process was stopped for too long'

/** BullMQ reports each job with a lost lock twice, when it renews the lock and when the job ends. */
const lostLock = /could not renew lock|missing lock|lock mismatch/i

function toConsumerError(error: unknown): DistError {
  const lost = hasLostJob(error) || (error instanceof Error && lostLock.test(error.message))
  if (!lost) return toDistError(error)
  return new DistError(
    'UNAVAILABLE',
    'locks of jobs were lost: this process or Redis was stopped for too long',
  )
}

const lostJobCodes: readonly unknown[] = [
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
]

/** Whether BullMQ reports that the job is removed, or belongs to another process. */
function hasLostJob(error: unknown): boolean {
  return error instanceof Error && 'code' in error && lostJobCodes.includes(error.code)
}
