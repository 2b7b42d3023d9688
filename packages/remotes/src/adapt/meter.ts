/** Milliseconds that a window takes. */
const length = 1_000
/** A shorter time says nothing. */
const shortest = 250

/** Counts events, and tells how many there were per second lately. Times are milliseconds of one clock. */
export class RateMeter {
  #since: number | undefined
  #count = 0
  #before: number | undefined

  record(now: number): void {
    this.#turn(now)
    this.#count++
  }

  /** Events per second in the last one to two windows. Undefined before the first event. */
  perSecond(now: number): number | undefined {
    this.#turn(now)
    if (this.#since === undefined) return undefined
    const elapsed = now - this.#since
    const [count, time] =
      this.#before === undefined ? [this.#count, elapsed] : [this.#count + this.#before, elapsed + length]
    return (count * 1000) / Math.max(time, shortest)
  }

  #turn(now: number): void {
    this.#since ??= now
    const windows = Math.floor((now - this.#since) / length)
    if (windows < 1) return
    this.#before = windows === 1 ? this.#count : 0
    this.#count = 0
    this.#since += windows * length
  }
}
