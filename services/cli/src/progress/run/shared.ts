import { Meter, type ObjectState } from '@dist/mirror'

/** A blob that some images lack. It counts once, however many they are. */
export class SharedBlob {
  done = false
  /** Images that still wait for it. */
  open = 0
  /** Whether it failed for an image that needed it. */
  lacked = false
  /** Bytes that came, by all transfers together. */
  fetched = 0
  #toFetch: number

  constructor(readonly size: number) {
    this.#toFetch = size
  }

  /** One more image needs it. */
  wanted(): Transfer {
    this.open++
    return new Transfer(this)
  }

  /** It failed, and no other image is about to bring it. */
  get failed(): boolean {
    return this.lacked && !this.done && this.open === 0
  }

  /** Bytes to fetch in all: what came by other ways, or in an earlier, cut-off transfer, is not in it. */
  get toFetch(): number {
    return this.done ? this.fetched : this.#toFetch
  }

  moved(bytes: number, resumed: number): void {
    this.fetched += bytes
    this.#toFetch = Math.max(this.fetched, this.size - resumed)
  }
}

/** What a shared blob goes through for one of the images that need it. */
export class Transfer {
  readonly #meter = new Meter()
  #offset = 0

  constructor(readonly blob: SharedBlob) {}

  /** Bytes that are there. */
  get offset(): number {
    return this.#offset
  }

  get size(): number {
    return this.blob.size
  }

  apply(state: ObjectState, offset: number): void {
    if (state === 'waiting') return
    // A blob that was through before anything was told of it came whole.
    if (state === 'done' && this.#offset === 0) this.#reached(0)
    if (state === 'downloading' || state === 'done') this.#reached(offset)
    if (state === 'exists') this.#offset = offset
    if (state === 'downloading') return
    this.blob.open--
    if (state === 'done' || state === 'exists') this.blob.done = true
    if (state === 'failed') this.blob.lacked = true
  }

  #reached(offset: number): void {
    const before = this.#meter.bytes
    this.#meter.reached(offset)
    this.#offset = offset
    this.blob.moved(this.#meter.bytes - before, this.#meter.resumed)
  }
}
