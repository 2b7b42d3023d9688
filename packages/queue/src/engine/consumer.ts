import { setMaxListeners } from 'node:events'
import { DistError } from '@dist/errdefs'
import { DelayedError, ErrorCode, type Job, WaitingChildrenError, WaitingError, Worker } from 'bullmq'
import { isFinal, isJobError, jobError, pauseBefore, readReason } from '../jobs/failure.js'
import { toDistError } from '../redis/errors.js'
import type { Engine } from './engine.js'
import { linked } from './linked.js'
import { deathsField } from './reclaim.js'

/** What becomes of a job that has not failed. Neither pausing nor waiting for children uses an attempt. */
export type JobOutcome = 'done' | 'children' | { readonly later: number }

export interface JobContext {
  /** The token of BullMQ's lock. */
  readonly token: string
  /** Aborts when the job is not this process' any more: its lock is lost, or the service stops. */
  readonly signal: AbortSignal
  /** Whether the consumer takes no other job before one of its jobs ends. */
  readonly isFull: () => boolean
}

export interface Handler<T> {
  process(job: Job<T>, context: JobContext): Promise<JobOutcome>
  /** Records a failure for good. Called before BullMQ learns of it, and again when BullMQ fails a job by itself. */
  failed(job: Job<T>, error: unknown): Promise<void>
  /** Tells that the job will be tried again after this error. */
  retrying(job: Job<T>, error: unknown): void
}

/** Takes the jobs of one queue and translates between what the engine says of them and what BullMQ wants to hear. */
export class Consumer<T> {
  readonly worker: Worker<T>
  readonly #stopping = new AbortController()
  readonly #forget: (() => void) | undefined
  #active = 0
  #startedAt = 0

  constructor(
    private readonly engine: Engine,
    name: string,
    private readonly handler: Handler<T>,
    private readonly concurrency: number,
    private readonly maxStalled: number = engine.tuning.maxStalled,
  ) {
    const { tuning, presence } = engine
    setMaxListeners(0, this.#stopping.signal)
    // BullMQ hands a signal to processors that take three arguments.
    const process = (job: Job<T>, token?: string, signal?: AbortSignal) => this.#process(job, token, signal)
    this.worker = new Worker<T>(name, process, {
      connection: engine.redis,
      prefix: engine.keys.prefix,
      autorun: false,
      concurrency,
      lockDuration: tuning.lockDuration,
      stalledInterval: tuning.stalledInterval,
      // BullMQ cannot tell a worker that is gone from one that is busy; the deaths are counted where they are told.
      maxStalledCount: presence === undefined ? maxStalled : Number.MAX_SAFE_INTEGER,
      ...(presence === undefined ? {} : { name: presence.id }),
      runRetryDelay: 1_000,
      settings: { backoffStrategy: (attempt, _type, error) => pauseBefore(attempt ?? 1, error, tuning) },
    })
    this.worker.on('error', (error) => engine.emit({ type: 'error', error: toJobError(error) }))
    this.worker.on('lockRenewalFailed', (ids: string[]) => {
      for (const id of ids) this.worker.cancelJob(id, 'the lock is lost')
    })
    this.#forget = presence?.onStandstill(() => this.worker.cancelAllJobs(stoodStill))
    this.worker.on('failed', (job, error) => {
      if (job !== undefined && !isJobError(error) && job.finishedOn !== undefined) void this.#tellFailed(job)
    })
  }

  get active(): number {
    return this.#active
  }

  /** When a job was last taken, by `performance.now()`. */
  get startedAt(): number {
    return this.#startedAt
  }

  get hasRoom(): boolean {
    return this.#active < this.concurrency
  }

  run(): void {
    this.worker.run().catch((error: unknown) => this.engine.emit({ type: 'error', error }))
  }

  /** Takes no more jobs, hands back those under way. Resolves when all are, which may be never. */
  async close(): Promise<void> {
    this.#forget?.()
    const closed = this.worker.close()
    this.#stopping.abort(new DistError('CANCELED', 'the service stops'))
    await closed
  }

  async #process(job: Job<T>, token = '', lost?: AbortSignal): Promise<void> {
    this.#active++
    this.#startedAt = performance.now()
    using ended = linked(this.#stopping.signal, ...(lost === undefined ? [] : [lost]))
    const context = { token, signal: ended.signal, isFull: () => !this.hasRoom }
    try {
      await obey(await this.#verdict(job, context, lost), job, token)
    } finally {
      this.#active--
    }
  }

  async #verdict(
    job: Job<T>,
    context: JobContext,
    lost: AbortSignal | undefined,
  ): Promise<JobOutcome | 'back'> {
    if (this.#stopping.signal.aborted) return 'back'
    try {
      await this.#checkDeaths(job)
      return await this.handler.process(job, context)
    } catch (error) {
      // Nobody may have noticed: then it is still ours to hand back.
      if (lost?.reason === stoodStill) return 'back'
      // Whoever has the job now tells how it ends; what BullMQ makes of this error finds no lock.
      if (lost?.aborted || isTakenAway(error)) throw error
      if (this.#stopping.signal.aborted) return 'back'
      return await this.#fail(job, error)
    }
  }

  /** A job whose workers die, one after the other, is what kills them. */
  async #checkDeaths(job: Job<T>): Promise<void> {
    if (job.stalledCounter === 0 || this.engine.presence === undefined) return
    const deaths = await this.engine.redis.hget(this.worker.toKey(job.id ?? ''), deathsField)
    if (Number(deaths) <= this.maxStalled) return
    throw new DistError('INTERNAL', `${deaths} services died while they worked on it: it is not tried again`)
  }

  async #fail(job: Job<T>, error: unknown): Promise<never> {
    const final = isFinal(error, job.attemptsMade, job.opts.attempts ?? 1)
    // Before BullMQ knows: a crash in between has the job run again, and that finds out that it is over.
    if (final) await this.handler.failed(job, error)
    else this.handler.retrying(job, error)
    throw jobError(error, final)
  }

  async #tellFailed(job: Job<T>): Promise<void> {
    try {
      const { code, message } = readReason(job.failedReason)
      await this.handler.failed(job, new DistError(code, message))
    } catch (error) {
      // The run's watcher will find it.
      this.engine.emit({ type: 'error', error })
    }
  }
}

async function obey(verdict: JobOutcome | 'back', job: Job, token: string): Promise<void> {
  if (verdict === 'done') return
  if (verdict === 'children') throw new WaitingChildrenError()
  if (verdict === 'back') {
    // To the front of its queue, no attempt used.
    await job.moveToWait(token)
    throw new WaitingError()
  }
  await job.moveToDelayed(Date.now() + Math.ceil(verdict.later), token)
  throw new DelayedError()
}

/** Why jobs are given up when the process goes on. */
const stoodStill = 'this process stood still for too long'

/** BullMQ names each job whose lock is lost, when it renews it and when it ends: one thing, said in one way. */
const lostLock = /could not renew lock|missing lock|lock mismatch/i

function toJobError(error: unknown): DistError {
  const lost = isTakenAway(error) || (error instanceof Error && lostLock.test(error.message))
  if (!lost) return toDistError(error)
  return new DistError(
    'UNAVAILABLE',
    'locks of jobs were lost: this process or Redis stood still for too long',
  )
}

const takenAway: readonly unknown[] = [
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
]

/** Whether BullMQ says that the job is gone, or somebody else's by now. */
function isTakenAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && takenAway.includes(error.code)
}
