import type { HostPolicy } from '../policy.js'
import { Slots } from '../slots.js'
import { AdaptiveInFlight } from './in-flight.js'
import { RateMeter } from './meter.js'
import { Pacer } from './pacer.js'
import { AdaptiveRate } from './rate.js'
import { Refusals } from './refusals.js'

/** Milliseconds between two increases of a rate. */
const growEvery = 1_000
/** An unused rate is forgotten after so many milliseconds. */
const forgetAfter = 120_000
/** Milliseconds without requests after a refusal: the host's bucket gets a little content. */
const gap = 100

/** One kind of request of one account to one host, as this process sees it. Times are milliseconds of the monotonic clock. */
export class Traffic {
  readonly #inFlight: AdaptiveInFlight
  readonly #slots: Slots
  readonly #pacer = new Pacer(() => this.#rate.rate)
  readonly #answers = new RateMeter()
  readonly #refusals = new Refusals()
  #rate = new AdaptiveRate()
  #grownAt = 0

  constructor(policy: Pick<HostPolicy, 'requests'>) {
    this.#inFlight = new AdaptiveInFlight(policy.requests)
    this.#slots = new Slots(() => this.#inFlight.limit)
  }

  get idle(): boolean {
    return this.#slots.idle && this.#pacer.idle
  }

  /** Requests per second. Undefined: as many as there are. */
  get rate(): number | undefined {
    return this.#rate.rate
  }

  /** Requests in flight, if there are fewer than the policy allows. */
  get lowered(): number | undefined {
    return this.#inFlight.isLowered ? this.#inFlight.limit : undefined
  }

  /** Waits for the turn of a request. Undefined: it need not wait. `CANCELED` when the signal aborts. */
  pace(signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#rate.rate === undefined) return undefined
    this.#adjust(performance.now())
    return this.#pacer.take(signal)
  }

  /** Waits for a slot, and resolves to the function that frees it. `CANCELED` when the signal aborts. */
  enter(signal: AbortSignal | undefined): Promise<() => void> | (() => void) {
    return this.#slots.take(signal)
  }

  /** An answer came after so many milliseconds; undefined where its time says nothing. */
  answered(latency: number | undefined): void {
    const now = performance.now()
    this.#answers.record(now)
    this.#refusals.answered()
    if (latency !== undefined && this.#inFlight.answered(latency, now)) this.#slots.admit()
  }

  /** Whether a refusal is one of the rate: the host takes other requests. Otherwise it takes none. */
  isOfRate(after: number): boolean {
    const now = performance.now()
    return this.#refusals.isOfRate(now, now - after)
  }

  /** Lowers the rate after a refusal of a request that began so long ago. */
  slowDown(after: number): void {
    const now = performance.now()
    if (this.#rate.refused({ now, began: now - after, throughput: this.#answers.perSecond(now) }))
      this.#pacer.hold(gap)
  }

  /** Answers per second lately. Undefined: none yet. */
  get throughput(): number | undefined {
    return this.#answers.perSecond(performance.now())
  }

  /** Rejects all who wait with this error. */
  refuse(error: Error): void {
    this.#slots.refuse(error)
    this.#pacer.refuse(error)
  }

  #adjust(now: number): void {
    if (now - this.#grownAt < growEvery) return
    const last = Math.max(this.#pacer.waitedAt, this.#rate.state?.decreasedAt ?? 0)
    if (now - last > forgetAfter) this.#rate = new AdaptiveRate()
    else if (this.#pacer.waitedAt > this.#grownAt) this.#rate.grow(now)
    this.#grownAt = now
  }
}
