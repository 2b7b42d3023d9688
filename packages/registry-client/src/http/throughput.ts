/** The least that a body must bring. */
export interface MinimumThroughput {
  readonly bytesPerSecond: number
  /** Milliseconds of waiting over which it is measured. */
  readonly window: number
}

/**
 * Tells a source that drips from one that flows. Only the time that was spent waiting for the source counts: a
 * slow reader must not be taken for a slow registry. A source that sends nothing at all is the body time-out's.
 */
export class Throughput {
  #waited = 0
  #bytes = 0

  constructor(private readonly minimum: MinimumThroughput) {}

  /** Counts a chunk and the milliseconds waited for it. False once a whole window brought too little. */
  took(milliseconds: number, bytes: number): boolean {
    this.#waited += milliseconds
    this.#bytes += bytes
    const { window, bytesPerSecond } = this.minimum
    if (this.#waited < window) return true
    const enough = this.#bytes >= (bytesPerSecond * this.#waited) / 1000
    this.#waited = 0
    this.#bytes = 0
    return enough
  }
}
