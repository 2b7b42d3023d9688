import type { Redis } from 'ioredis'
import type { Script } from '../script.js'
import type { Breaker } from './breaker.js'

/** The longest that Redis and this process remember: a day. */
const longest = 24 * 60 * 60 * 1000

/** The pauses of hosts: in Redis for everybody, and what this process knows of them when Redis is away. */
export class Pauses {
  /** By the monotonic clock. */
  readonly #until = new Map<string, number>()

  constructor(
    private readonly redis: Redis,
    private readonly breaker: Breaker,
    private readonly extend: Script,
    private readonly keyOf: (host: string) => string,
  ) {}

  async begin(host: string, milliseconds: number): Promise<void> {
    const length = Math.ceil(Math.min(milliseconds, longest))
    this.learn(host, length)
    if (this.breaker.mayAsk())
      await this.breaker.ask('pausing a host', () => this.extend([this.keyOf(host)], [length]))
  }

  learn(host: string, milliseconds: number): void {
    const now = performance.now()
    for (const [other, until] of this.#until) if (until <= now) this.#until.delete(other)
    this.#until.set(host, Math.max(this.#until.get(host) ?? 0, now + milliseconds))
  }

  async left(host: string): Promise<number> {
    const known = Math.max(0, (this.#until.get(host) ?? 0) - performance.now())
    if (!this.breaker.mayAsk()) return known
    const shared = await this.breaker.ask('reading a pause', () => this.redis.pttl(this.keyOf(host)))
    return Math.max(known, shared ?? 0)
  }
}
