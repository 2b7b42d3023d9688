/** The minimum speed of a body. */
export interface MinimumThroughput {
  readonly bytesPerSecond: number
  /** Milliseconds of waiting for the source over which it is measured. */
  readonly window: number
}

/**
 * Detects a source that is too slow (R36). Only the time spent waiting for the source counts, so that a slow reader is not
 * taken for a slow registry. A source that sends nothing is ended by the body time-out.
 */
export class Throughput {
  #waited = 0
  #bytes = 0

  constructor(private readonly minimum: MinimumThroughput) {}

  /** Counts a chunk and the milliseconds waited for it. False once a whole window was too slow. */
  record(milliseconds: number, bytes: number): boolean {
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
