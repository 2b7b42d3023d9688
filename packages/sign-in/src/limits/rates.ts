export interface RateOptions {
  /** How many may follow each other without a pause. */
  readonly burst: number
  readonly perSecond: number
  /** Keys beyond this number push out those that were not used for the longest time. Default: 10,000. */
  readonly maxKeys?: number | undefined
  /** Milliseconds, for tests. */
  readonly now?: (() => number) | undefined
}

interface Bucket {
  tokens: number
  at: number
}

/** A token bucket for each key, in bounded memory. */
export class Rates {
  /** The one that was not used for the longest time first. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #maxKeys: number
  readonly #now: () => number

  constructor(private readonly options: RateOptions) {
    this.#maxKeys = options.maxKeys ?? 10_000
    this.#now = options.now ?? (() => performance.now())
  }

  /** Takes a token of the key. Returns 0, or the seconds until there is one. */
  take(key: string): number {
    const bucket = this.#bucket(key)
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.options.perSecond)
    bucket.tokens -= 1
    return 0
  }

  /** Gives back a token that was taken. */
  giveBack(key: string): void {
    const bucket = this.#bucket(key)
    bucket.tokens = Math.min(this.options.burst, bucket.tokens + 1)
  }

  #bucket(key: string): Bucket {
    const { burst, perSecond } = this.options
    const now = this.#now()
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined && this.#buckets.size > this.#maxKeys) this.#buckets.delete(oldest)
    return bucket
  }
}
