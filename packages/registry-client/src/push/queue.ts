// Enough for the connection to have something to send while the next chunk is on its way.
const highWater = 1024 * 1024
const mostAtOnce = 512 * 1024

/** Chunks on their way from one who puts them in to the one who takes them out. */
export class ChunkQueue implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = []
  #buffered = 0
  #ended = false
  #failure: { error: unknown } | undefined
  #wakeTaker: (() => void) | undefined
  #wakeGiver: (() => void) | undefined

  /** Resolves when the next may come; rejects once the queue has failed. */
  async push(chunk: Uint8Array): Promise<void> {
    this.#check()
    this.#chunks.push(chunk)
    this.#buffered += chunk.byteLength
    this.#wakeTaker?.()
    while (this.#buffered >= highWater && this.#failure === undefined)
      await new Promise<void>((resolve) => {
        this.#wakeGiver = resolve
      })
    this.#check()
  }

  /** No more will come. */
  end(): void {
    this.#ended = true
    this.#wakeTaker?.()
  }

  /** Both sides get the error. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#chunks.length = 0
    this.#wakeTaker?.()
    this.#wakeGiver?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      this.#check()
      if (this.#chunks.length > 0) {
        const piece = this.#take()
        this.#wakeGiver?.()
        yield piece
      } else if (this.#ended) return
      else
        await new Promise<void>((resolve) => {
          this.#wakeTaker = resolve
        })
    }
  }

  /** Several small chunks as one: each piece is a system call, and a round through the event loop. */
  #take(): Uint8Array {
    let count = 0
    let size = 0
    for (const chunk of this.#chunks) {
      if (count > 0 && size + chunk.byteLength > mostAtOnce) break
      count++
      size += chunk.byteLength
    }
    this.#buffered -= size
    const [first = new Uint8Array(), ...others] = this.#chunks.splice(0, count)
    return others.length === 0 ? first : Buffer.concat([first, ...others], size)
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
