import { abortError, throwIfAborted } from '@dist/errdefs'

interface Waiting {
  readonly size: number
  grant(): void
}

/**
 * The memory of parts: fills, sends, and recycles their buffers. All writes of a store share one budget; still each
 * gets one buffer whatever the others hold, so that no write waits for another that waits for it.
 */
export class PartMemory {
  #taken = 0
  #kept: Buffer[] = []
  #waiting: Waiting[] = []

  /** `budget` in bytes. */
  constructor(private readonly budget: number) {}

  /** Bytes in buffers that are taken. */
  get taken(): number {
    return this.#taken
  }

  /** A buffer; waits for the budget unless it is the taker's only one. `CANCELED` through the signal. */
  async take(size: number, only: boolean, signal: AbortSignal): Promise<Buffer> {
    throwIfAborted(signal)
    if (!only && (this.#waiting.length > 0 || this.#taken + size > this.budget))
      await this.#wait(size, signal)
    else this.#taken += size
    const recycled = this.#recycled(size)
    this.#trim()
    return recycled ?? Buffer.allocUnsafeSlow(size)
  }

  /** `reuse`: nobody else can still be reading from it. */
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

  /** Free buffers are part of the budget. */
  #trim(): void {
    const sizes = () => this.#kept.reduce((sum, { byteLength }) => sum + byteLength, 0)
    while (this.#kept.length > 0 && this.#taken + sizes() > this.budget) this.#kept.shift()
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
