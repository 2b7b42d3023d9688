import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { BlobJob } from '../jobs/payload.js'

/** Tells how far a transfer is, at most once in a while. Nothing depends on its being heard. */
export class Progress implements AsyncDisposable {
  #offset = 0
  #told = Number.NEGATIVE_INFINITY
  #telling: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly job: Job<BlobJob>,
    private readonly blob: BlobJob,
    private readonly engine: Engine,
    /** Told of it beside the run, and of its end if it was told of its beginning. */
    private readonly onShown: (offset: number, ended: boolean) => void = () => {},
  ) {}

  reached(offset: number): void {
    const now = performance.now()
    const first = this.#told === Number.NEGATIVE_INFINITY
    this.#offset = offset
    if (now - this.#told < this.engine.tuning.progress) return
    this.#told = now
    this.onShown(offset, false)
    // Most blobs are through before there is anything to tell.
    if (!first) this.#telling = this.#record(offset)
  }

  /** Waits until nothing that it has sent can overtake the blob's end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#telling
    if (this.#told !== Number.NEGATIVE_INFINITY) this.onShown(this.#offset, true)
  }

  async #record(offset: number): Promise<void> {
    try {
      await Promise.all([
        this.job.updateProgress({ offset }),
        this.engine.states.settleBlob(this.blob, this.blob.desc, 'moving', offset),
      ])
    } catch (error) {
      this.engine.emit({ type: 'error', error })
    }
  }
}
