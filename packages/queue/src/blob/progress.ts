import { Meter, type Outcome } from '@dist/mirror'
import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { BlobJob } from '../jobs/payload.js'

/** Bytes of a blob from which a store may keep what a killed worker has written. */
const resumableSize = 1024 * 1024

/**
 * Reports how far a transfer is: where it starts, then at most once in `Tuning.progress`, and that all bytes came. Only
 * the fetched bytes that a run counts depend on it.
 */
export class Progress implements AsyncDisposable {
  readonly #meter = new Meter()
  #offset = 0
  #reportedAt = Number.NEGATIVE_INFINITY
  #recordedOffset = 0
  #settled = false
  #timer: NodeJS.Timeout | undefined
  #reporting: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly job: Job<BlobJob>,
    private readonly blob: BlobJob,
    private readonly engine: Engine,
    /** Called for each report, and for the end of a transfer that was reported. */
    private readonly onReport: (offset: number, ended: boolean) => void = () => {},
    /** As in `RunStates.settleBlob`. */
    private readonly kept?: number,
  ) {}

  /** Bytes that this try has moved. */
  get bytes(): number {
    return this.#meter.bytes
  }

  reached(offset: number): void {
    const isFirst = this.#reportedAt === Number.NEGATIVE_INFINITY
    this.#move(offset)
    const waitMs = this.#reportedAt + this.engine.tuning.progress - performance.now()
    // The timer also reports the last offset of a transfer that stalls.
    if (waitMs > 0) this.#timer ??= setTimeout(() => this.#report(), waitMs)
    // Most blobs are complete before a report is due.
    else this.#report(isFirst && this.blob.desc.size < resumableSize)
  }

  /** All bytes came. Recorded before the commit, so that they count as fetched when this worker dies in between. */
  async arrived(): Promise<void> {
    await this.#reporting
    this.#move(this.blob.desc.size)
    await this.#settle('arrived')
  }

  /** The blob is stored. Recorded once. */
  async settle(outcome: Outcome): Promise<void> {
    if (this.#settled) return
    clearTimeout(this.#timer)
    await this.#reporting
    if (outcome === 'fetched') this.#move(this.blob.desc.size)
    await this.#settle(outcome)
    this.#settled = true
  }

  /** Waits for the reports, so that none overtakes the end of the blob; records the bytes of a transfer that failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    if (!this.#settled && this.#offset !== this.#recordedOffset) this.#enqueue(() => this.#settle('moving'))
    await this.#reporting
    if (this.#reportedAt !== Number.NEGATIVE_INFINITY) this.onReport(this.#offset, true)
  }

  #report(localOnly = false): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#reportedAt = performance.now()
    const offset = this.#offset
    this.onReport(offset, false)
    if (!localOnly)
      this.#enqueue(() => Promise.all([this.job.updateProgress({ offset }), this.#settle('moving')]))
  }

  #move(offset: number): void {
    this.#meter.reached(offset)
    this.#offset = offset
  }

  #enqueue(report: () => Promise<unknown>): void {
    const reported = Promise.all([this.#reporting, report()])
    this.#reporting = reported.catch((error: unknown) => this.engine.emit({ type: 'error', error }))
  }

  #settle(state: 'moving' | 'arrived' | Outcome): Promise<void> {
    this.#recordedOffset = this.#offset
    const { kept } = this
    const settled = { start: this.#meter.resumed, offset: this.#offset, kept }
    return this.engine.states.settleBlob(this.blob, this.blob.desc, state, settled)
  }
}
