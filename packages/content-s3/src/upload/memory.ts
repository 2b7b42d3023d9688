import { abortError, throwIfAborted } from '@dist/errdefs'

interface Waiter {
  readonly size: number
  grant(): void
}

/**
 * The memory for part buffers, which it recycles. All writes of a store share one budget. Each write gets one buffer even
 * if the budget is used up, so that writes cannot deadlock. Counts bytes, in the order of requests: p-limit counts calls.
 */
export class PartMemory {
  #taken = 0
  #kept: Buffer[] = []
  #waiting: Waiter[] = []

  /** `budget` in bytes. */
  constructor(private readonly budget: number) {}

  /** Bytes in buffers in use. */
  get taken(): number {
    return this.#taken
  }

  /** A buffer. Waits for the budget unless it is the only buffer of its write. `CANCELED` when the signal aborts. */
  async take(size: number, only: boolean, signal: AbortSignal): Promise<Buffer> {
    throwIfAborted(signal)
    if (!only && (this.#waiting.length > 0 || this.#taken + size > this.budget))
      await this.#wait(size, signal)
    else this.#taken += size
    const recycled = this.#recycled(size)
    this.#trim()
    return recycled ?? Buffer.allocUnsafeSlow(size)
  }

  /** Returns a buffer. With `reuse` no request may still read from it. */
  give(buffer: Buffer, reuse: boolean): void {
    this.#taken -= buffer.byteLength
    if (reuse) this.#kept.push(buffer)
    this.#trim()
    this.#grant()
  }

  #recycled(size: number): Buffer | undefined {
    const at = this.#kept.findIndex(({ byteLength }) => byteLength === size)
    return at < 0 ? undefined : this.#kept.splice(at, 1)[0]
  }

  /**
   * Drops free buffers, which count towards the budget, while it is exceeded. Keeps one: the next part needs it, and a new
   * buffer would take memory before V8 collects the dropped one.
   */
  #trim(): void {
    const sizes = () => this.#kept.reduce((sum, { byteLength }) => sum + byteLength, 0)
    while (this.#kept.length > 1 && this.#taken + sizes() > this.budget) this.#kept.shift()
  }

  #wait(size: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(abortError(signal))
        this.#grant()
      }
      const grant = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const waiting = { size, grant }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.push(waiting)
    })
  }

  #grant(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (this.#taken > 0 && this.#taken + next.size > this.budget) return
      this.#taken += next.size
      this.#waiting.shift()
      next.grant()
    }
  }
}
