/** Milliseconds over which a speed is measured. */
const spanMs = 10_000

interface Sample {
  readonly at: number
  readonly bytes: number
}

/** How fast counters grow, by their names. */
export class Speeds {
  readonly #samples = new Map<string, Sample[]>()

  /** Notes how far a counter is. `at`: milliseconds since 1970. */
  note(name: string, bytes: number, at: number): void {
    const samples = (this.#samples.get(name) ?? []).filter((each) => at - each.at <= spanMs)
    const last = samples.at(-1)
    // A counter that went back begins again: a retry counts from the start.
    const kept = last !== undefined && last.bytes > bytes ? [] : samples
    this.#samples.set(name, last?.at === at ? kept : [...kept, { at, bytes }])
    for (const [other, [first]] of this.#samples)
      if (first !== undefined && at - first.at > 2 * spanMs) this.#samples.delete(other)
  }

  /** Bytes per second over the last seconds; undefined before there are two notes. */
  of(name: string): number | undefined {
    const samples = this.#samples.get(name) ?? []
    const [first, last] = [samples[0], samples.at(-1)]
    if (first === undefined || last === undefined || last.at === first.at) return undefined
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000
  }
}
