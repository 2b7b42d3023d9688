import { abortError, onAbort } from '@dist/errdefs'

interface Waiter {
  admit(): void
  refuse(error: Error): void
}

/**
 * A number of slots, given first come, first served. Not p-limit: a waiter must be able to abort, `refuse` must end all
 * waits with one error, and a slot is held beyond a function call, until a response body has been read.
 */
export class Slots {
  readonly #waiting = new Set<Waiter>()
  #taken = 0

  constructor(private readonly count: number) {}

  get idle(): boolean {
    return this.#taken === 0 && this.#waiting.size === 0
  }

  /** Waits for a slot and resolves to the function that frees it. Rejects with `CANCELED` when the signal aborts. */
  take(signal: AbortSignal | undefined): Promise<() => void> | (() => void) {
    if (this.#taken < this.count && this.#waiting.size === 0) return this.#occupy()
    return new Promise((resolve, reject) => {
      const leave = () => {
        unlisten?.()
        this.#waiting.delete(waiter)
      }
      const waiter = {
        admit: () => {
          leave()
          resolve(this.#occupy())
        },
        refuse: (error: Error) => {
          leave()
          reject(error)
        },
      }
      const unlisten = signal && onAbort(signal, () => waiter.refuse(abortError(signal)))
      this.#waiting.add(waiter)
    })
  }

  /** Rejects every wait with this error. */
  refuse(error: Error): void {
    for (const waiter of this.#waiting) waiter.refuse(error)
  }

  #occupy(): () => void {
    this.#taken++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#taken--
      this.#admitWaiting()
    }
  }

  #admitWaiting(): void {
    for (const waiter of this.#waiting) {
      if (this.#taken >= this.count) return
      waiter.admit()
    }
  }
}
