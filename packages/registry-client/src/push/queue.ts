// Bytes. Enough for the connection to send while the next chunk arrives.
const highWater = 1024 * 1024
// Bytes.
const maxPiece = 512 * 1024

/** A bounded queue of chunks with one producer and one consumer. */
export class ChunkQueue implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = []
  #buffered = 0
  #ended = false
  #failure: { error: unknown } | undefined
  #wakeConsumer: (() => void) | undefined
  #wakeProducer: (() => void) | undefined

  /** Resolves when the next chunk may be pushed. Rejects once the queue has failed. */
  async push(chunk: Uint8Array): Promise<void> {
    this.#check()
    this.#chunks.push(chunk)
    this.#buffered += chunk.byteLength
    this.#wakeConsumer?.()
    while (this.#buffered >= highWater && this.#failure === undefined)
      await new Promise<void>((resolve) => {
        this.#wakeProducer = resolve
      })
    this.#check()
  }

  /** Ends the queue: no chunk is pushed afterwards. */
  end(): void {
    this.#ended = true
    this.#wakeConsumer?.()
  }

  /** Producer and consumer get the error. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#chunks.length = 0
    this.#wakeConsumer?.()
    this.#wakeProducer?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      this.#check()
      if (this.#chunks.length > 0) {
        const piece = this.#take()
        this.#wakeProducer?.()
        yield piece
      } else if (this.#ended) return
      else
        await new Promise<void>((resolve) => {
          this.#wakeConsumer = resolve
        })
    }
  }

  /** Joins small chunks: each piece costs a system call, and a turn of the event loop. */
  #take(): Uint8Array {
    let count = 0
    let size = 0
    for (const chunk of this.#chunks) {
      if (count > 0 && size + chunk.byteLength > maxPiece) break
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
