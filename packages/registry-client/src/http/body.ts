import type { Throughput } from './throughput.js'

/** What a body needs of its connection. */
export interface Flow {
  pause(): void
  resume(): void
  /** Gives the rest up, and the connection with it. */
  abort(): void
}

export interface BodyOptions {
  /** Measures what comes. */
  readonly throughput: Throughput
  /** Called once, when no more will come. */
  readonly onEnd: (bytes: number) => void
  /** The error for a source that is too slow. */
  readonly tooSlow: () => Error
}

// Enough for the connection never to wait for a reader that keeps up, and little enough for many bodies.
const highWater = 512 * 1024
const lowWater = 128 * 1024

/**
 * A response's body: handed on chunk by chunk as the socket gave them, without a copy. Read it to the end, leave
 * the loop, or `discard` it: otherwise the connection stays taken.
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
    const waiter = this.#waiter
    const waited = waiter === undefined ? 0 : performance.now() - this.#waitingSince
    if (!this.options.throughput.took(waited, chunk.byteLength)) {
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

  /** Reads a short rest to its end, so that the connection can be used again; gives a long one up. Never throws. */
  async discard(limit = 64 * 1024): Promise<void> {
    let size = 0
    try {
      for await (const chunk of this) {
        size += chunk.byteLength
        if (size > limit) return
      }
    } catch {
      // Whatever broke it: nobody wanted it.
    }
  }

  /** The first bytes, at most `limit`; gives the rest up. What came before a failure counts. Never throws. */
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
      // A message cut short still says more than none.
    }
    return Buffer.concat(chunks).subarray(0, limit)
  }
}
