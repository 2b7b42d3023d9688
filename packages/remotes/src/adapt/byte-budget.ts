import { sleep } from '@dist/errdefs'

/** Milliseconds of unused time that may be made up for. */
const credit = 100
/** Milliseconds. A shorter wait is made up for by the next one. */
const shortest = 5

/** Spaces bytes by a rate: each caller waits until the bytes that it has are within it. */
export class ByteBudget {
  #next = Number.NEGATIVE_INFINITY

  constructor(private readonly perSecond: number) {}

  async take(bytes: number): Promise<void> {
    const now = performance.now()
    const start = Math.max(now - credit, this.#next)
    this.#next = start + (bytes * 1000) / this.perSecond
    if (start - now > shortest) await sleep(start - now)
  }
}
