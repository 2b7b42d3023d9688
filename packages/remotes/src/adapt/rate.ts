/** The rate of one kind of request, as learned. Plain data: it can be kept in Redis. Times are milliseconds of one clock. */
export interface RateState {
  /** Requests per second. */
  readonly rate: number
  /** No refusal has shown yet where the limit lies: the rate grows fast. */
  readonly explores: boolean
  /** The time of the last decrease. */
  readonly decreasedAt: number
  /** The time of the last increase. */
  readonly grownAt: number
}

/** A request that the host refused because there were too many (429, or 503 with Retry-After). */
export interface Refusal {
  readonly now: number
  /** When the request began. */
  readonly began: number
  /** Requests per second that the host has answered lately. Undefined: not known. */
  readonly throughput?: number | undefined
}

/** Requests per second. A host that refuses even these is paused instead. */
const least = 0.2
/** The first rate, where the throughput is not known. */
const firstGuess = 10
/** The decrease when the throughput is known: below it, so that the host's bucket fills again. */
const below = 0.9
/** The decrease at the first refusal, whose throughput had a full bucket. */
const firstDecrease = 0.5
/** The largest decrease; while the rate grows fast the throughput lags behind it. */
const largest = 0.5
const largestOfExploration = 0.75
/** The decrease at a refusal soon after the last decrease: what was measured since then is too little. */
const again = 0.9
/** Milliseconds over which a throughput has to be measured. */
const measured = 1_000
/** Increase per second, as a part of the rate; at least `leastStep` requests per second. */
const step = 0.02
const leastStep = 0.1
/**
 * After so many milliseconds without a refusal the limit has probably moved, or requests of another class have ended: the
 * growth rises, for another `ramp` milliseconds, to `recovery` per second.
 */
const calm = 8_000
const ramp = 3_000
const recovery = 0.4
/** Growth per second until the second refusal. */
const exploration = 0.4
/** Milliseconds. Time without demand does not count as calm. */
const longestStep = 2_000

/**
 * How many requests per second a host takes, learned from its refusals: additive increase, multiplicative decrease. There is
 * no rate until the first refusal. `most` bounds it from above.
 */
export class AdaptiveRate {
  #state: RateState | undefined

  constructor(
    private readonly most: number = Number.POSITIVE_INFINITY,
    state?: RateState | undefined,
  ) {
    this.#state = state
  }

  get state(): RateState | undefined {
    return this.#state
  }

  /** Requests per second. Undefined: as many as there are. */
  get rate(): number | undefined {
    return this.#state?.rate
  }

  /** Whether a further refusal cannot lower the rate. */
  get isLeast(): boolean {
    return this.#state !== undefined && this.#state.rate <= least
  }

  /** Lowers the rate. Refusals of requests that began before the last decrease count as one with it. Returns whether it fell. */
  refused({ now, began, throughput }: Refusal): boolean {
    const before = this.#state
    if (before !== undefined && began <= before.decreasedAt) return false
    const rate = Math.max(least, Math.min(this.most, this.#decreased(now, throughput)))
    this.#state = { rate, explores: before === undefined, decreasedAt: now, grownAt: now }
    return before === undefined || rate < before.rate
  }

  #decreased(now: number, throughput: number | undefined): number {
    const before = this.#state
    if (before === undefined) return throughput === undefined ? firstGuess : throughput * firstDecrease
    if (throughput === undefined || now - before.decreasedAt < measured) return before.rate * again
    // With little demand the throughput tells little.
    const bound = before.rate * (before.explores ? largestOfExploration : largest)
    return Math.max(bound, Math.min(before.rate, throughput) * below)
  }

  /** Raises the rate by the time since the last increase. To be called about once a second while requests wait for it. */
  grow(now: number): void {
    const before = this.#state
    if (before === undefined) return
    const seconds = Math.min(Math.max(0, now - before.grownAt), longestStep) / 1000
    this.#state = { ...before, rate: Math.min(this.most, grown(before, now, seconds)), grownAt: now }
  }
}

function grown({ rate, explores, decreasedAt }: RateState, now: number, seconds: number): number {
  if (explores) return rate * (1 + exploration) ** seconds
  const haste = Math.min(1, (now - decreasedAt - calm) / ramp)
  if (haste > 0) return rate * (1 + step + haste * (recovery - step)) ** seconds
  return rate + Math.max(leastStep, rate * step) * seconds
}
