import type { Slab, Slabs } from '@dist/content'

/** A read should find more room than a socket has ready at once, else there are more reads. */
const leastRoom = 64 * 1024

/** Bytes that are passed on at once. Less waits for the rest of what has arrived: each chunk costs its reader a few steps. */
const enough = 128 * 1024

/** Gathers the content of one body in slabs, and passes it on in large chunks that are not copied. */
export class Gathering {
  #slab: Slab | undefined
  /** Where the next read goes; content between the two others has not been passed on. */
  #filled = 0
  #from = 0
  #to = 0
  #due: NodeJS.Immediate | undefined

  constructor(
    private readonly slabs: Slabs,
    private readonly onChunk: (chunk: Buffer) => void,
  ) {}

  /** Memory for the next read. */
  room(): Buffer {
    if (this.#slab === undefined || this.#slab.bytes.byteLength - this.#filled < leastRoom) this.#renew()
    return (this.#slab as Slab).bytes.subarray(this.#filled)
  }

  /** So many bytes of the room have been read, of which those of the content are added. */
  advance(size: number): void {
    this.#filled += size
  }

  /** Adds content in the room, after what was added before. */
  add(content: Buffer): void {
    const from = content.byteOffset - (this.#slab as Slab).bytes.byteOffset
    if (from !== this.#to) {
      this.flush()
      this.#from = from
    }
    this.#to = from + content.byteLength
    if (this.#to - this.#from >= enough) this.flush()
    else this.#due ??= setImmediate(() => this.flush())
  }

  /** Passes on everything. */
  flush(): void {
    clearImmediate(this.#due)
    this.#due = undefined
    if (this.#slab === undefined || this.#to === this.#from) return
    const chunk = this.#slab.lend(this.#from, this.#to)
    this.#from = this.#to
    this.onChunk(chunk)
  }

  /** Drops what has not been passed on. */
  end(): void {
    clearImmediate(this.#due)
    this.#due = undefined
    this.#slab?.close()
    this.#slab = undefined
  }

  #renew(): void {
    this.flush()
    this.#slab?.close()
    this.#slab = this.slabs.take()
    this.#filled = 0
    this.#from = 0
    this.#to = 0
  }
}
