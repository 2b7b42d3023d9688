import { DistError } from '@dist/errdefs'

/** Bytes of a slab. Large enough that one read takes all that has arrived, and small enough for one at each connection. */
const slabSize = 512 * 1024

/** The slab of a buffer, for `giveBack`. */
const slabs = new WeakMap<ArrayBufferLike, Slab>()

/**
 * Gives back a chunk, or a part of one, that is no longer read: its memory is used again. Each byte at most once.
 * Without effect on memory that is not lent. A chunk that is never given back is collected as garbage.
 */
export function giveBack(chunk: Uint8Array): void {
  slabs.get(chunk.buffer)?.giveBack(chunk.byteLength)
}

/** Memory for received content. Chunks are lent from it; what readers give back is used again. */
export class Slabs {
  readonly #free: Slab[] = []

  /** `spare`: how many slabs are kept for later. As many as some transfers use: V8 collects dropped ones late. */
  constructor(private readonly spare = 64) {}

  /** A slab to fill. */
  take(): Slab {
    const slab = this.#free.pop() ?? new Slab((free) => this.#keep(free))
    slab.open()
    return slab
  }

  #keep(slab: Slab): void {
    if (this.#free.length < this.spare) this.#free.push(slab)
  }
}

/** A piece of memory that is filled once, and lent chunk by chunk. It is free when it is closed and all is given back. */
export class Slab {
  readonly bytes = Buffer.allocUnsafeSlow(slabSize)
  #lent = 0
  #open = false

  constructor(private readonly onFree: (slab: Slab) => void) {
    slabs.set(this.bytes.buffer, this)
  }

  open(): void {
    this.#open = true
  }

  /** A chunk, which belongs to the receiver until it is given back. */
  lend(from: number, to: number): Buffer {
    this.#lent += to - from
    return this.bytes.subarray(from, to)
  }

  giveBack(size: number): void {
    if (size > this.#lent) throw new DistError('INTERNAL', 'memory was given back twice')
    this.#lent -= size
    this.#freeIfUnused()
  }

  /** No more chunks are lent until it is taken again. */
  close(): void {
    this.#open = false
    this.#freeIfUnused()
  }

  #freeIfUnused(): void {
    if (!this.#open && this.#lent === 0) this.onFree(this)
  }
}
