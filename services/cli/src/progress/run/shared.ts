import { Meter, type ObjectState } from '@dist/mirror'

/** A missing blob of one or more images. It counts once. */
export class SharedBlob {
  done = false
  /** Number of images that still wait for the blob. */
  pending = 0
  /** Whether a transfer of the blob failed. */
  hasFailed = false
  /** Bytes fetched by all transfers. */
  fetched = 0
  #toFetch: number

  constructor(readonly size: number) {
    this.#toFetch = size
  }

  /** Adds the transfer of another image that needs the blob. */
  addTransfer(): Transfer {
    this.pending++
    return new Transfer(this)
  }

  /** Whether the blob failed and no other image still waits for it. */
  get failed(): boolean {
    return this.hasFailed && !this.done && this.pending === 0
  }

  /** Total bytes to fetch, without bytes from other sources or from an earlier, interrupted transfer. */
  get toFetch(): number {
    return this.done ? this.fetched : this.#toFetch
  }

  addBytes(bytes: number, resumed: number): void {
    this.fetched += bytes
    this.#toFetch = Math.max(this.fetched, this.size - resumed)
  }
}

/** The transfer of a shared blob for one of its images. */
export class Transfer {
  readonly #meter = new Meter()
  #offset = 0

  constructor(readonly blob: SharedBlob) {}

  /** Number of bytes present. */
  get offset(): number {
    return this.#offset
  }

  get size(): number {
    return this.blob.size
  }

  apply(state: ObjectState, offset: number): void {
    if (state === 'waiting') return
    // A blob that is done without an earlier event was fetched as a whole.
    if (state === 'done' && this.#offset === 0) this.#reached(0)
    if (state === 'downloading' || state === 'done') this.#reached(offset)
    if (state === 'exists') this.#offset = offset
    if (state === 'downloading') return
    this.blob.pending--
    if (state === 'done' || state === 'exists') this.blob.done = true
    if (state === 'failed') this.blob.hasFailed = true
  }

  #reached(offset: number): void {
    const before = this.#meter.bytes
    this.#meter.reached(offset)
    this.#offset = offset
    this.blob.addBytes(this.#meter.bytes - before, this.#meter.resumed)
  }
}
