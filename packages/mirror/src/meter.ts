/**
 * Tells from the offsets of a transfer what it brought: bytes that earlier, cut-off transfers left are none of it, unless
 * it began again from the start. Never more than the blob has.
 */
export class Meter {
  #start: number | undefined
  #offset = 0

  /** `offset`: bytes that are there. The first call tells where the transfer starts. */
  reached(offset: number): void {
    this.#start = Math.min(this.#start ?? offset, offset)
    this.#offset = offset
  }

  /** Bytes that were there before. */
  get resumed(): number {
    return this.#start ?? 0
  }

  /** Bytes that came. */
  get bytes(): number {
    return this.#offset - this.resumed
  }
}
