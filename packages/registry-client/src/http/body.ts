import type { Throughput } from './throughput.js'

/** The connection of a body. */
export interface Flow {
  pause(): void
  resume(): void
  /** Closes the connection: the rest of the body is not read. */
  abort(): void
}

export interface BodyOptions {
  /** Measures the received bytes. */
  readonly throughput: Throughput
  /** Called for each piece that arrives. */
  readonly onBytes?: ((bytes: number) => void) | undefined
  /** Called once, at the end or the failure of the body. */
  readonly onEnd: (bytes: number) => void
  /** Creates the error for a source below the minimum throughput. */
  readonly tooSlow: () => Error
}

// Bytes. Enough that the connection never waits for a fast reader, and little enough for many bodies.
const highWater = 512 * 1024
const lowWater = 128 * 1024

/**
 * A response's body: the chunks of the socket, not copied. The reader reads it to the end, leaves the loop, or calls
 * `discard`: otherwise the connection stays occupied.
 */
export class Body implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  readonly #chunks: Uint8Array[] = []
  #buffered = 0
  #received = 0
  #paused = false
  #ended = false
  #failure: { error: Error } | undefined
  #waiter: { resolve(r: IteratorResult<Uint8Array, undefined>): void; reject(e: Error): void } | undefined
  #waitingSince = 0

  constructor(
    private readonly flow: Flow,
    private readonly options: BodyOptions,
  ) {}

  push(chunk: Uint8Array): void {
    if (this.#ended) return
    this.#received += chunk.byteLength
    this.options.onBytes?.(chunk.byteLength)
    const waiter = this.#waiter
    const waited = waiter === undefined ? 0 : performance.now() - this.#waitingSince
    if (!this.options.throughput.record(waited, chunk.byteLength)) {
      this.fail(this.options.tooSlow())
      this.flow.abort()
      return
    }
    if (waiter !== undefined) {
      this.#waiter = undefined
      waiter.resolve({ done: false, value: chunk })
      return
    }
    this.#chunks.push(chunk)
    this.#buffered += chunk.byteLength
    if (this.#buffered < highWater || this.#paused) return
    this.#paused = true
    this.flow.pause()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.options.onEnd(this.#received)
    this.#waiter?.resolve({ done: true, value: undefined })
    this.#waiter = undefined
  }

  fail(error: Error): void {
    if (this.#ended) return
    this.#failure = { error }
    this.#ended = true
    this.options.onEnd(this.#received)
    this.#waiter?.reject(error)
    this.#waiter = undefined
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#buffered -= chunk.byteLength
      if (this.#paused && this.#buffered <= lowWater) {
        this.#paused = false
        this.flow.resume()
      }
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    this.#waitingSince = performance.now()
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#chunks.length = 0
    if (!this.#ended) {
      this.end()
      this.flow.abort()
    }
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Reads a rest of up to `limit` bytes, so that the connection can be reused, and closes it otherwise. Never throws. */
  async discard(limit = 64 * 1024): Promise<void> {
    let size = 0
    try {
      for await (const chunk of this) {
        size += chunk.byteLength
        if (size > limit) return
      }
    } catch {
      // The content is not needed.
    }
  }

  /** The first `limit` bytes, or those before a failure. The rest is not read. Never throws. */
  async start(limit: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    let size = 0
    try {
      for await (const chunk of this) {
        chunks.push(chunk)
        size += chunk.byteLength
        if (size >= limit) break
      }
    } catch {
      // A part of an error message is better than none.
    }
    return Buffer.concat(chunks).subarray(0, limit)
  }
}
