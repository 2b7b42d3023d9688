import { WaitingLine } from '../slots.js'

/** Milliseconds of unused time that may be made up for: timers fire late. */
const credit = 100

/** Spaces requests by a rate, first come, first served. */
export class Pacer {
  readonly #line = new WaitingLine()
  #next = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #waitedAt = Number.NEGATIVE_INFINITY

  /** `rate`: requests per second now; undefined for any number. */
  constructor(private readonly rate: () => number | undefined) {}

  get idle(): boolean {
    return this.#line.isEmpty
  }

  /** When a request last had to wait, by the monotonic clock. */
  get waitedAt(): number {
    return this.#waitedAt
  }

  /** Waits for the turn of a request. Rejects with `CANCELED` when the signal aborts. */
  take(signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#line.isEmpty && this.#left() <= 0) {
      this.#use()
      return undefined
    }
    this.#waitedAt = performance.now()
    const waiting = this.#line.wait(signal, () => this.#use())
    this.#wake()
    return waiting
  }

  /** Admits no request for so many milliseconds. */
  hold(milliseconds: number): void {
    this.#next = Math.max(this.#next, performance.now() + milliseconds)
  }

  /** Rejects every wait with this error. */
  refuse(error: Error): void {
    this.#line.refuse(error)
  }

  #left(): number {
    return this.rate() === undefined ? 0 : this.#next - performance.now()
  }

  #use(): void {
    const rate = this.rate()
    if (rate !== undefined) this.#next = Math.max(performance.now() - credit, this.#next) + 1000 / rate
  }

  #wake(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        while (!this.#line.isEmpty && this.#left() <= 0) this.#line.next()
        if (!this.#line.isEmpty) this.#wake()
      },
      Math.max(1, this.#left()),
    )
  }
}
