import type { HostPolicies } from '@dist/remotes'
import type { Redis } from 'ioredis'
import type { Breaker } from './breaker.js'

/** Seconds. Services that ended so long ago say nothing. */
const lifetime = 30 * 24 * 3_600

/** The policies that a process has published last, for those who look. Calls never reject. */
export class PublishedPolicies {
  constructor(
    private readonly redis: Redis,
    private readonly breaker: Breaker,
    private readonly key: string,
  ) {}

  async write(policies: HostPolicies): Promise<void> {
    const text = JSON.stringify(policies)
    await this.breaker.ask('publishing the policies of hosts', () =>
      this.redis.set(this.key, text, 'EX', lifetime),
    )
  }

  /** Undefined: there are none, or Redis is away. */
  async read(): Promise<HostPolicies | undefined> {
    const text = await this.breaker.ask('reading the policies of hosts', () => this.redis.get(this.key))
    return text == null ? undefined : (JSON.parse(text) as HostPolicies)
  }
}
