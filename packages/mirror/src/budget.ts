import { abortError, throwIfAborted } from '@dist/errdefs'

interface Waiter {
  bytes: number
  grant: () => void
}

/**
 * Bounds how many bytes a process holds on their way, whatever a registry sends and however many transfers run.
 * First come, first served, so that a large request is not overtaken for ever.
 */
export class ByteBudget {
  #free: number
  readonly #waiters = new Set<Waiter>()

  constructor(readonly total: number) {
    this.#free = total
  }

  /** Waits until so many bytes are free; more than there are in all count as all. `CANCELED` through the signal. */
  async acquire(bytes: number, options: { signal?: AbortSignal } = {}): Promise<Disposable> {
    const { signal } = options
    throwIfAborted(signal)
    const wanted = Math.min(bytes, this.total)
    if (this.#waiters.size > 0 || wanted > this.#free) await this.#turn(wanted, signal)
    else this.#free -= wanted
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (held) this.#release(wanted)
        held = false
      },
    }
  }

  #turn(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter)
        this.#serve()
        if (signal !== undefined) reject(abortError(signal))
      }
      const grant = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiter = { bytes, grant }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  #release(bytes: number): void {
    this.#free += bytes
    this.#serve()
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      if (waiter.bytes > this.#free) return
      this.#free -= waiter.bytes
      this.#waiters.delete(waiter)
      waiter.grant()
    }
  }
}
