import { Meter, type Outcome } from '@dist/mirror'
import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { BlobJob } from '../jobs/payload.js'

/** Bytes from which on a store may keep what a dead worker has written. */
const large = 1024 * 1024

/**
 * Tells how far a transfer is: where it starts, then at most once in a while, and that all has come. What the run counts
 * as fetched depends on it, nothing else does.
 */
export class Progress implements AsyncDisposable {
  readonly #meter = new Meter()
  #offset = 0
  #told = Number.NEGATIVE_INFINITY
  #recorded = 0
  #settled = false
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly job: Job<BlobJob>,
    private readonly blob: BlobJob,
    private readonly engine: Engine,
    /** Told of it beside the run, and of its end if it was told of its beginning. */
    private readonly onShown: (offset: number, ended: boolean) => void = () => {},
  ) {}

  /** Bytes that came by this try. */
  get bytes(): number {
    return this.#meter.bytes
  }

  reached(offset: number): void {
    const first = this.#told === Number.NEGATIVE_INFINITY
    this.#move(offset)
    const early = this.#told + this.engine.tuning.progress - performance.now()
    // What comes to a standstill is shown where it stands.
    if (early > 0) this.#timer ??= setTimeout(() => this.#show(), early)
    // Most blobs are through before there is anything to tell.
    else this.#show(first && this.blob.desc.size < large)
  }

  /** All bytes are there. Told before they are committed: whoever dies in between has fetched them. */
  async arrived(): Promise<void> {
    await this.#telling
    this.#move(this.blob.desc.size)
    await this.#settle('moving')
  }

  /** The blob is there. */
  async settle(outcome: Outcome): Promise<void> {
    clearTimeout(this.#timer)
    await this.#telling
    if (outcome === 'fetched') this.#move(this.blob.desc.size)
    await this.#settle(outcome)
    this.#settled = true
  }

  /** Waits until nothing that it has sent can overtake the blob's end; tells what came of a transfer that broke off. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    if (!this.#settled && this.#offset !== this.#recorded) this.#tell(() => this.#settle('moving'))
    await this.#telling
    if (this.#told !== Number.NEGATIVE_INFINITY) this.onShown(this.#offset, true)
  }

  #show(quietly = false): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#told = performance.now()
    const offset = this.#offset
    this.onShown(offset, false)
    if (!quietly) this.#tell(() => Promise.all([this.job.updateProgress({ offset }), this.#settle('moving')]))
  }

  #move(offset: number): void {
    this.#meter.reached(offset)
    this.#offset = offset
  }

  #tell(tell: () => Promise<unknown>): void {
    const told = Promise.all([this.#telling, tell()])
    this.#telling = told.catch((error: unknown) => this.engine.emit({ type: 'error', error }))
  }

  #settle(state: 'moving' | Outcome): Promise<void> {
    this.#recorded = this.#offset
    const moved = { start: this.#meter.resumed, offset: this.#offset }
    return this.engine.states.settleBlob(this.blob, this.blob.desc, state, moved)
  }
}
