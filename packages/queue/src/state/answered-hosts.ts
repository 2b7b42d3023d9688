import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.js'

/** Hosts of runs whose record is remembered. */
const maxRemembered = 10_000

/** The hosts that have answered in a run, to any service. */
export class AnsweredHosts {
  /** What this process has recorded: each host of a run costs one command. */
  readonly #recorded = new Set<string>()

  constructor(
    private readonly redis: Redis,
    private readonly keys: Keys,
  ) {}

  async record(run: string, host: string): Promise<void> {
    const entry = `${run} ${host}`
    if (this.#recorded.has(entry)) return
    if (this.#recorded.size >= maxRemembered) this.#recorded.clear()
    await this.redis.sadd(this.keys.answered(run), host)
    this.#recorded.add(entry)
  }

  async has(run: string, host: string): Promise<boolean> {
    return (await this.redis.sismember(this.keys.answered(run), host)) === 1
  }
}
