import { linkSignals } from '@dist/errdefs'
import type { ServiceEvent } from '@dist/runs'
import type { Job } from 'bullmq'
import type { JobContext, JobHandler, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { type HostSlot, HostSlots } from '../engine/host-slots.js'
import { HostTrouble } from '../engine/host-trouble.js'
import { checkStore } from '../engine/store-id.js'
import { noteWait } from '../engine/waits.js'
import { reportedError } from '../jobs/failure.js'
import { type BlobJob, blobJob, type FetchJob, parsePayload, registryOf } from '../jobs/payload.js'
import { heldPause, hostPause } from '../pauses.js'
import { toDistError } from '../redis/errors.js'
import type { WorkerParts } from '../service.js'
import { noteTry } from '../state/tries.js'
import { fetchBlob } from './fetch.js'
import { HeldElsewhere } from './single-attempt.js'
import { verifyStored } from './verify.js'

type BlobEventState = Extract<ServiceEvent, { readonly type: 'image' | 'blob' }>['state']

/** Fetches or verifies one blob for each job. A job may run any number of times: its blob counts once. */
export class BlobHandler implements JobHandler<BlobJob> {
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
    const head = await this.engine.heads.head(blob.run)
    if (head === undefined || head.state === 'canceled') return 'done'
    checkStore(blob.run, head.store, this.engine.store)
    using run = this.engine.cancellations.watch(blob.run)
    using ended = linkSignals(context.signal, run.signal)
    try {
      using slot = await this.#slots.enter(hostsOf(blob), { ...context, signal: ended.signal })
      if (slot === undefined) return this.#delay(blob, hostPause(job, this.engine.tuning))
      return await this.#work(job, blob, slot, ended.signal)
    } catch (error) {
      if (error instanceof HeldElsewhere) return this.#delay(blob, heldPause(job, this.engine.tuning))
      if (context.signal.aborted) throw error
      if (run.signal.aborted) {
        this.#emit(blob, 'canceled')
        return 'done'
      }
      const pause = await this.#trouble.pauseFor(error)
      if (pause === undefined) throw error
      const later = pause + hostPause(job, this.engine.tuning)
      await Promise.all([noteWait(this.engine, job, error, later), this.#tried(blob, error)])
      return this.#delay(blob, later, error)
    }
  }

  async failed(job: Job<BlobJob>, error: unknown): Promise<void> {
    const { data: blob } = blobJob.safeParse(job.data)
    if (blob === undefined) return
    const { states } = this.engine
    this.engine.emit({ ...eventOf(blob, 'failed'), error: toDistError(error) })
    if (blob.kind === 'verify') await states.recordVerified(blob, blob.desc.digest, reportedError(error))
    await states.settleBlob(blob, blob.desc, 'failed')
    await this.#tried(blob, error)
  }

  retrying(job: Job<BlobJob>, error: unknown): void {
    const { data } = blobJob.safeParse(job.data)
    if (data === undefined) return
    this.engine.emit({ ...eventOf(data, 'retrying'), error: toDistError(error) })
    void this.#tried(data, error)
    void noteWait(this.engine, job, error)
  }

  async #work(job: Job<BlobJob>, blob: BlobJob, slot: HostSlot, signal: AbortSignal): Promise<JobOutcome> {
    const { engine, parts } = this
    const startedAt = performance.now()
    this.#emit(blob, 'started')
    const { outcome, bytes } =
      blob.kind === 'verify'
        ? await verifyStored(job, blob, engine, parts, signal)
        : await fetchBlob(job, blob, engine, parts, { signal, onArrived: () => slot.arrived() })
    const state = outcome === 'present' ? 'present' : blob.kind === 'verify' ? 'verified' : 'done'
    const milliseconds = Math.round(performance.now() - startedAt)
    engine.emit({ ...eventOf(blob, state), bytes, milliseconds })
    return 'done'
  }

  #tried({ run, index, desc }: BlobJob, error: unknown): Promise<void> {
    return noteTry(this.engine, { run, index, digest: desc.digest }, error)
  }

  #delay(blob: BlobJob, later: number, error?: unknown): JobOutcome {
    const event = eventOf(blob, 'delayed')
    this.engine.emit(error === undefined ? event : { ...event, error: toDistError(error) })
    return { later }
  }

  #emit(blob: BlobJob, state: 'started' | 'canceled'): void {
    this.engine.emit(eventOf(blob, state))
  }
}

function eventOf(blob: BlobJob, state: BlobEventState) {
  const { run, desc, image } = blob
  const ends = blob.kind === undefined ? endsOf(blob) : {}
  return { type: 'blob', run, state, subject: desc.digest, image, ...ends } as const
}

function endsOf({ image, to }: FetchJob): { host: string; to?: string | undefined } {
  return { host: registryOf(image), to: to?.host }
}

/** The hosts whose slots a blob needs: that of its source and that of its destination. */
function hostsOf(blob: BlobJob): string {
  if (blob.kind === 'verify') return 'store'
  const { host, to } = endsOf(blob)
  return to === undefined ? host : `${host} to ${to}`
}
