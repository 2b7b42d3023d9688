import type { Status } from '@dist/content'

type Measured = Pick<Status, 'ref' | 'offset' | 'live'>

interface Sample {
  offset: number
  /** By the clock of whoever writes. */
  at: number
  /** By ours. */
  seen: number
}

/** Milliseconds that are looked back. */
const window = 5000

/**
 * How fast writes go on, in bytes per second, over the last seconds in which they were looked at. Undefined for a write
 * that nobody is at, and for one that is seen for the first time.
 */
export class Speeds {
  readonly #samples = new Map<string, Sample[]>()

  /** `at`: when the write was that far, in milliseconds, by the writer's clock. Default: `now`. */
  of({ ref, offset, live }: Measured, now: number, at: number = now): number | undefined {
    const before = this.#samples.get(ref) ?? []
    // A write that started again has less than before.
    const same = (before.at(-1)?.offset ?? 0) <= offset ? before : []
    const kept = same.filter(({ seen }, i) => now - seen <= window || i === same.length - 1)
    this.#samples.set(ref, [...kept, { offset, at, seen: now }])
    const [first] = kept
    if (live === false || first === undefined) return undefined
    // Whoever tells nothing new writes nothing.
    if (at === first.at) return now > first.seen ? 0 : undefined
    return ((offset - first.offset) * 1000) / (at - first.at)
  }
}
