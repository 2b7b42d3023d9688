import type { Status } from '@dist/content'

type Measured = Pick<Status, 'ref' | 'offset' | 'live' | 'startedAt'>

interface Sample {
  offset: number
  at: number
}

/**
 * How fast writes go on, in bytes per second: between this look and the last one, and at the first look on average
 * since the write began. Undefined for a write that nobody is at.
 */
export class Speeds {
  readonly #last = new Map<string, Sample>()

  of({ ref, offset, live, startedAt }: Measured, now: number): number | undefined {
    const before = this.#last.get(ref) ?? { offset: 0, at: startedAt.getTime() }
    this.#last.set(ref, { offset, at: now })
    if (live === false) return undefined
    const seconds = (now - before.at) / 1000
    // A write that started again has less than before.
    return seconds <= 0 ? undefined : Math.max(0, offset - before.offset) / seconds
  }
}
