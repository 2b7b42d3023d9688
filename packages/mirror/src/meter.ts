/**
 * Counts the bytes of a transfer from its offsets: without those of earlier, interrupted transfers, unless it starts again
 * from 0. Never more than the size of the blob.
 */
export class Meter {
  #start: number | undefined
  #offset = 0

  /** `offset`: bytes that are stored. The first call gives the offset at which the transfer starts. */
  reached(offset: number): void {
    this.#start = Math.min(this.#start ?? offset, offset)
    this.#offset = offset
  }

  /** Bytes that were stored before. */
  get resumed(): number {
    return this.#start ?? 0
  }

  /** Bytes that were transferred. */
  get bytes(): number {
    return this.#offset - this.resumed
  }
}
