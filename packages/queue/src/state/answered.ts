import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.js'

/** So many hosts of runs are remembered as recorded. */
const remembered = 10_000

/** Which hosts have answered in a run, whichever service asked them. */
export class AnsweredHosts {
  /** What this process has recorded: each host of a run costs one question. */
  readonly #recorded = new Set<string>()

  constructor(
    private readonly redis: Redis,
    private readonly keys: Keys,
  ) {}

  async record(run: string, host: string): Promise<void> {
    const entry = `${run} ${host}`
    if (this.#recorded.has(entry)) return
    if (this.#recorded.size >= remembered) this.#recorded.clear()
    await this.redis.sadd(this.keys.answered(run), host)
    this.#recorded.add(entry)
  }

  async has(run: string, host: string): Promise<boolean> {
    return (await this.redis.sismember(this.keys.answered(run), host)) === 1
  }
}
