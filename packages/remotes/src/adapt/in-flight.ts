/** Requests that may be late without a meaning, in milliseconds: a busy machine, a distant disk. */
const tolerance = 250
/** A smoothed latency of so many times the base means that requests wait in the host. */
const slow = 4
/** Below so many times the base, and half of the tolerance, more requests are tried. */
const fast = 2
const decrease = 0.75
/** Answers between two changes for each request in flight, so that a change shows before the next one. */
const answersPerChange = 2
/** Part of a new latency in the smoothed one. */
const weight = 0.2
/** Milliseconds after which the base is measured anew: a host may become slower for good. */
const baseLifetime = 300_000

/**
 * How many requests a host takes at the same time, learned from the time to its answers: a host that is asked too much may
 * answer later instead of refusing. Additive increase, multiplicative decrease, from the bound down to one. Only the time to
 * the head of an answer counts, so that sizes do not matter.
 */
export class AdaptiveInFlight {
  #limit: number
  /** The least latency of the current and of the last lifetime. */
  #base = Number.POSITIVE_INFINITY
  #lastBase = Number.POSITIVE_INFINITY
  #baseSince = Number.NEGATIVE_INFINITY
  #smoothed: number | undefined
  #answers = 0

  constructor(private readonly most: number) {
    this.#limit = most
  }

  get limit(): number {
    return this.#limit
  }

  get isLowered(): boolean {
    return this.#limit < this.most
  }

  /** An answer came after `latency` milliseconds. Returns whether the limit has changed. */
  answered(latency: number, now: number): boolean {
    if (now - this.#baseSince > baseLifetime) {
      this.#lastBase = this.#base
      this.#base = Number.POSITIVE_INFINITY
      this.#baseSince = now
    }
    this.#base = Math.min(this.#base, latency)
    this.#smoothed = this.#smoothed === undefined ? latency : mix(this.#smoothed, latency)
    if (++this.#answers < this.#limit * answersPerChange) return false
    const before = this.#limit
    this.#limit = this.#next(this.#smoothed)
    if (this.#limit !== before) this.#answers = 0
    return this.#limit !== before
  }

  #next(smoothed: number): number {
    const base = Math.min(this.#base, this.#lastBase)
    if (smoothed > Math.max(slow * base, base + tolerance))
      return Math.max(1, Math.floor(this.#limit * decrease))
    const isFast = smoothed < Math.max(fast * base, base + tolerance / 2)
    return isFast ? Math.min(this.most, this.#limit + 1) : this.#limit
  }
}

function mix(before: number, now: number): number {
  return before + (now - before) * weight
}
