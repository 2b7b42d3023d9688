/** Remembers values until a time, in bounded memory: beyond `maxEntries` the oldest one is forgotten. */
export class Memory<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>()

  constructor(
    private readonly maxEntries: number,
    private readonly now: () => number,
  ) {}

  get(key: string): T | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.now() < entry.until) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  /** `until`: by the clock of `now`. */
  set(key: string, value: T, until: number): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, until })
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined && this.#entries.size > this.maxEntries) this.#entries.delete(oldest)
  }
}
