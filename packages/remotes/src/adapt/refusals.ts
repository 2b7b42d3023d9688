/** Answers after which refusals are taken for a limit of the rate. A host that refuses from the start refuses all requests. */
const provenAfter = 5
/** Refusals in a row after which the host refuses all requests. */
const inARow = 3

/**
 * Tells a host that takes fewer requests per second from one that takes none for a while: the first one answers other requests
 * in between. Times are milliseconds of one clock.
 */
export class Refusals {
  #answers = 0
  #inARow = 0
  #at = Number.NEGATIVE_INFINITY

  answered(): void {
    this.#answers++
    this.#inARow = 0
  }

  /** Whether this refusal is one of the rate. `began`: when the request began; those in flight together count once. */
  isOfRate(now: number, began: number): boolean {
    if (began > this.#at) {
      this.#inARow++
      this.#at = now
    }
    if (this.#answers >= provenAfter && this.#inARow < inARow) return true
    this.#answers = 0
    return false
  }
}
