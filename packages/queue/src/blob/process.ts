import type { ServiceEvent } from '@dist/runs'
import type { Job } from 'bullmq'
import type { Handler, JobContext, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { HostSlots } from '../engine/host-slots.js'
import { HostTrouble } from '../engine/host-trouble.js'
import { linked } from '../engine/linked.js'
import { checkStore } from '../engine/storeid.js'
import { reported } from '../jobs/failure.js'
import { type BlobJob, blobJob, type FetchJob, parsePayload } from '../jobs/payload.js'
import { heldPause, putOff } from '../pauses.js'
import { toDistError } from '../redis/errors.js'
import type { WorkerParts } from '../service.js'
import { fetchBlob } from './fetch.js'
import { HeldElsewhere } from './held.js'
import { verifyStored } from './verify.js'

type BlobState = Extract<ServiceEvent, { readonly type: 'image' | 'blob' }>['state']

/**
 * Brings blobs in, or verifies them, one for each job. However often a job runs, the content is right and is counted
 * once.
 */
export class BlobHandler implements Handler<BlobJob> {
  readonly #slots: HostSlots
  readonly #trouble: HostTrouble

  constructor(
    private readonly engine: Engine,
    private readonly parts: WorkerParts,
  ) {
    this.#slots = new HostSlots({ perHost: parts.concurrency, trials: false })
    this.#trouble = new HostTrouble(parts.hosts, parts.policy)
  }

  async process(job: Job<BlobJob>, context: JobContext): Promise<JobOutcome> {
    const blob = parsePayload(blobJob, job.data, job.id ?? '')
    const [state, store] = await this.engine.redis.hmget(this.engine.keys.run(blob.run), 'state', 'store')
    if (state === null || state === 'canceled') return 'done'
    checkStore(blob.run, store ?? '', this.engine.store)
    using run = this.engine.cancellations.watch(blob.run)
    using ended = linked(context.signal, run.signal)
    try {
      using slot = await this.#slots.enter(hostsOf(blob), { ...context, signal: ended.signal })
      if (slot === undefined) return this.#delayed(blob, putOff(job, this.engine.tuning))
      return await this.#work(job, blob, ended.signal)
    } catch (error) {
      if (error instanceof HeldElsewhere) return this.#delayed(blob, heldPause(job, this.engine.tuning))
      if (context.signal.aborted) throw error
      if (run.signal.aborted) {
        this.#tell(blob, 'canceled')
        return 'done'
      }
      const pause = await this.#trouble.pauseFor(error)
      if (pause === undefined) throw error
      return this.#delayed(blob, pause + putOff(job, this.engine.tuning), error)
    }
  }

  async failed(job: Job<BlobJob>, error: unknown): Promise<void> {
    const { data: blob } = blobJob.safeParse(job.data)
    if (blob === undefined) return
    const { states } = this.engine
    this.engine.emit({ ...this.#event(blob, 'failed'), error: toDistError(error) })
    if (blob.kind === 'verify') await states.recordVerdict(blob, blob.desc.digest, reported(error))
    await states.settleBlob(blob, blob.desc, 'failed')
  }

  retrying(job: Job<BlobJob>, error: unknown): void {
    const { data } = blobJob.safeParse(job.data)
    if (data !== undefined) this.engine.emit({ ...this.#event(data, 'retrying'), error: toDistError(error) })
  }

  async #work(job: Job<BlobJob>, blob: BlobJob, signal: AbortSignal): Promise<JobOutcome> {
    const { engine, parts } = this
    const started = performance.now()
    this.#tell(blob, 'started')
    const { outcome, bytes } =
      blob.kind === 'verify'
        ? await verifyStored(job, blob, engine, parts, signal)
        : await fetchBlob(job, blob, engine, parts, signal)
    const state = outcome === 'present' ? 'present' : blob.kind === 'verify' ? 'verified' : 'done'
    const milliseconds = Math.round(performance.now() - started)
    engine.emit({ ...this.#event(blob, state), bytes, milliseconds })
    return 'done'
  }

  #delayed(blob: BlobJob, later: number, error?: unknown): JobOutcome {
    const event = this.#event(blob, 'delayed')
    this.engine.emit(error === undefined ? event : { ...event, error: toDistError(error) })
    return { later }
  }

  #event(blob: BlobJob, state: BlobState) {
    const { run, desc, image } = blob
    const ends = blob.kind === undefined ? endsOf(blob) : {}
    const names = { image }
    return { type: 'blob', run, state, subject: desc.digest, ...names, ...ends } as const
  }

  #tell(blob: BlobJob, state: 'started' | 'canceled'): void {
    this.engine.emit(this.#event(blob, state))
  }
}

function endsOf({ source, to }: FetchJob): { host: string; to?: string | undefined } {
  return { host: source.host, ...(to === undefined ? {} : { to: to.host }) }
}

/** Whom a blob waits for: the host that it comes from, and the one that it goes to. */
function hostsOf(blob: BlobJob): string {
  if (blob.kind === 'verify') return 'store'
  const { host, to } = endsOf(blob)
  return to === undefined ? host : `${host} to ${to}`
}
