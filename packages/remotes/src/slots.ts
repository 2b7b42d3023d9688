import { abortError, onAbort } from '@dist/errdefs'

interface Waiter {
  admit(): void
  refuse(error: Error): void
}

/** Those who wait for something, first come, first served. */
export class WaitingLine {
  readonly #waiting = new Set<Waiter>()

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Waits until `next` admits. `enter` is called then. Rejects with `CANCELED` when the signal aborts. */
  wait<T>(signal: AbortSignal | undefined, enter: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortError(signal))
      const leave = () => {
        unlisten?.()
        this.#waiting.delete(waiter)
      }
      const waiter = {
        admit: () => {
          leave()
          resolve(enter())
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

  /** Admits the first one. */
  next(): void {
    const [first] = this.#waiting
    first?.admit()
  }

  /** Rejects every wait with this error. */
  refuse(error: Error): void {
    for (const waiter of this.#waiting) waiter.refuse(error)
  }
}

/**
 * A number of slots, given first come, first served. Not p-limit: a waiter must be able to abort, `refuse` must end all
 * waits with one error, the number changes, and a slot is held beyond a function call, until a response body has been read.
 */
export class Slots {
  readonly #line = new WaitingLine()
  #taken = 0

  constructor(private readonly count: () => number) {}

  get idle(): boolean {
    return this.#taken === 0 && this.#line.isEmpty
  }

  /** Waits for a slot and resolves to the function that frees it. Rejects with `CANCELED` when the signal aborts. */
  take(signal: AbortSignal | undefined): Promise<() => void> | (() => void) {
    if (this.#taken < this.count() && this.#line.isEmpty) return this.occupy()
    return this.#line.wait(signal, () => this.occupy())
  }

  /** Rejects every wait with this error. */
  refuse(error: Error): void {
    this.#line.refuse(error)
  }

  /** Takes a slot at once, also when none is free. */
  occupy(): () => void {
    this.#taken++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#taken--
      this.admit()
    }
  }

  /** Admits those who wait, while there are free slots. */
  admit(): void {
    while (!this.#line.isEmpty && this.#taken < this.count()) this.#line.next()
  }
}
