import { setMaxListeners } from 'node:events'
import { abortError } from '@dist/errdefs'

interface Waiter {
  enter(): void
  refuse(error: Error): void
}

/** A number of places, given first come, first served. */
export class Places {
  readonly #waiting = new Set<Waiter>()
  #taken = 0

  constructor(private readonly places: number) {}

  get idle(): boolean {
    return this.#taken === 0 && this.#waiting.size === 0
  }

  /** Waits for a place; the function that it resolves to gives it back. `CANCELED` through the signal. */
  take(signal: AbortSignal | undefined): Promise<() => void> | (() => void) {
    if (this.#taken < this.places && this.#waiting.size === 0) return this.#admit()
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal?.removeEventListener('abort', giveUp)
        this.#waiting.delete(waiter)
      }
      const giveUp = () => {
        leave()
        if (signal !== undefined) reject(abortError(signal))
      }
      const waiter = {
        enter: () => {
          leave()
          resolve(this.#admit())
        },
        refuse: (error: Error) => {
          leave()
          reject(error)
        },
      }
      // One signal ends hundreds of waits; Node takes more than ten for a leak and warns.
      if (signal !== undefined) setMaxListeners(0, signal)
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.add(waiter)
    })
  }

  /** Ends every wait with this error. */
  refuse(error: Error): void {
    for (const waiter of this.#waiting) waiter.refuse(error)
  }

  #admit(): () => void {
    this.#taken++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#taken--
      this.#next()
    }
  }

  #next(): void {
    for (const waiter of this.#waiting) {
      if (this.#taken >= this.places) return
      waiter.enter()
    }
  }
}
