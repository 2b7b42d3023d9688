import { isUnavailable, jittered } from '@dist/errdefs'
import type { AcquireOptions, Lock, Locker } from '@dist/locks'
import { type IngestOutcome, ingestBlob } from '@dist/mirror'
import type { Job } from 'bullmq'
import type { Handler, JobContext, Verdict } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { linked } from '../engine/linked.js'
import { checkStore } from '../engine/storeid.js'
import { type BlobJob, blobJob, parsePayload } from '../jobs/payload.js'
import { named } from '../redis/errors.js'
import type { ServiceEvent, WorkerParts } from '../service.js'
import { Progress } from './progress.js'

type BlobState = Extract<ServiceEvent, { readonly type: 'image' | 'blob' }>['state']

/** Somebody else fetches the same content. */
class HeldElsewhere extends Error {}

/** Brings blobs in, one for each job. However often a job runs, the content is right and is counted once. */
export class BlobHandler implements Handler<BlobJob> {
  constructor(
    private readonly engine: Engine,
    private readonly parts: WorkerParts,
  ) {}

  async process(job: Job<BlobJob>, context: JobContext): Promise<Verdict> {
    const blob = parsePayload(blobJob, job.data, job.id ?? '')
    const [state, store] = await this.engine.redis.hmget(this.engine.keys.run(blob.run), 'state', 'store')
    if (state === null || state === 'canceled') return 'done'
    checkStore(blob.run, store ?? '', this.engine.store)
    const pause = (await this.parts.pausedFor?.(blob.source.host)) ?? 0
    if (pause > 0) return this.#delayed(blob, pause + jittered(100))
    using run = this.engine.cancellations.watch(blob.run)
    using ended = linked(context.signal, run.signal)
    try {
      return await this.#ingest(job, blob, ended.signal)
    } catch (error) {
      if (error instanceof HeldElsewhere) return this.#delayed(blob, this.#heldPause(job))
      if (!run.signal.aborted || context.signal.aborted) throw error
      this.#tell(blob, 'canceled')
      return 'done'
    }
  }

  async failed(job: Job<BlobJob>, error: unknown): Promise<void> {
    const parsed = blobJob.safeParse(job.data)
    if (!parsed.success) return
    this.engine.emit({ ...this.#event(parsed.data, 'failed'), error: named(error) })
    await this.engine.states.settleBlob(parsed.data, parsed.data.desc, 'failed', 0)
  }

  retrying(job: Job<BlobJob>, error: unknown): void {
    const { data } = blobJob.safeParse(job.data)
    if (data !== undefined) this.engine.emit({ ...this.#event(data, 'retrying'), error: named(error) })
  }

  async #ingest(job: Job<BlobJob>, blob: BlobJob, signal: AbortSignal): Promise<Verdict> {
    const { desc, source } = blob
    const started = performance.now()
    await using progress = new Progress(job, blob, this.engine, this.parts.onTransfer)
    this.#tell(blob, 'started')
    const dependencies = { ...this.parts, locker: asking(this.parts.locker) }
    const onProgress = (offset: number) => progress.reached(offset)
    const outcome = await ingestBlob({ desc, source }, dependencies, { signal, onProgress })
    await this.#settle(blob, outcome)
    const milliseconds = performance.now() - started
    this.engine.emit({
      ...this.#event(blob, outcome === 'fetched' ? 'done' : 'present'),
      bytes: desc.size,
      milliseconds,
    })
    return 'done'
  }

  #settle(blob: BlobJob, outcome: IngestOutcome): Promise<void> {
    const fetched = outcome === 'fetched' ? blob.desc.size : 0
    return this.engine.states.settleBlob(blob, blob.desc, outcome, fetched)
  }

  #delayed(blob: BlobJob, later: number): Verdict {
    this.#tell(blob, 'delayed')
    return { later }
  }

  /** Grows with every time that the job was started in vain. */
  #heldPause(job: Job<BlobJob>): number {
    const { firstHeld, longestHeld } = this.engine.tuning
    const before = Math.max(0, job.attemptsStarted - job.attemptsMade - 1)
    return jittered(Math.min(longestHeld, firstHeld * 1.5 ** Math.min(before, 30)) / 2)
  }

  #event(blob: BlobJob, state: BlobState) {
    return { type: 'blob', run: blob.run, state, subject: blob.desc.digest } as const
  }

  #tell(blob: BlobJob, state: 'started' | 'delayed' | 'canceled'): void {
    this.engine.emit(this.#event(blob, state))
  }
}

/** Asks once for a lock: who waits for one would keep a place that another blob could have. */
function asking(locker: Locker): Locker {
  return {
    acquire: async (key: string, options: AcquireOptions = {}): Promise<Lock> => {
      try {
        return await locker.acquire(key, { ...options, wait: 0 })
      } catch (error) {
        if (isUnavailable(error)) throw new HeldElsewhere(key, { cause: error })
        throw error
      }
    },
  }
}
