import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { extendLocks } from './scripts.js'

/** A lock as this process sees it. */
export interface Lease {
  /** The key that the holder asked for. */
  readonly key: string
  /** The key in Redis. */
  readonly name: string
  readonly token: string
  /** When the last granted command was sent, by the monotonic clock. The lock cannot expire earlier than a TTL later. */
  grantedAt: number
  /** Called once, when the lock is lost. */
  readonly onLost: (error: DistError) => void
}

/** Locks extended by one script call: a longer one would block Redis. */
const batchSize = 500

/**
 * Extends all locks of a process, with one timer and one command at a time. A lock is lost when it has no owner or
 * another one in Redis, or when no extension was granted for nearly a TTL: Redis is away, or this process was stopped,
 * and another process may hold the lock.
 */
export class Renewal {
  readonly #leases = new Set<Lease>()
  readonly #onReady = () => this.#renew()
  #timer: NodeJS.Timeout | undefined
  #extending = false

  constructor(
    private readonly redis: Redis,
    private readonly ttlMs: number,
    private readonly intervalMs: number,
  ) {}

  add(lease: Lease): void {
    // A restarted server has lost the locks: this is noticed when the client is back, not at the next interval.
    if (this.#leases.size === 0) this.redis.on('ready', this.#onReady)
    this.#leases.add(lease)
    if (this.#timer === undefined) this.#schedule()
  }

  /** Whether the lease was still held. */
  delete(lease: Lease): boolean {
    const known = this.#leases.delete(lease)
    if (known && this.#leases.size === 0) this.#stop()
    return known
  }

  loseAll(why: string): void {
    for (const lease of [...this.#leases]) this.#lose(lease, why)
  }

  #stop(): void {
    this.redis.off('ready', this.#onReady)
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const oldest = Math.min(...[...this.#leases].map((lease) => this.#expiry(lease)))
    const pause = Math.max(1, Math.min(this.intervalMs, oldest - performance.now()))
    this.#timer = setTimeout(() => this.#renew(), pause).unref()
  }

  /** A little before Redis expires the lock: the holder needs time to stop. */
  #expiry(lease: Lease): number {
    return lease.grantedAt + this.ttlMs * 0.95
  }

  #renew(): void {
    const now = performance.now()
    for (const lease of this.#leases)
      if (now >= this.#expiry(lease)) this.#lose(lease, 'it was not renewed in time')
    if (this.#leases.size === 0) return
    this.#schedule()
    if (!this.#extending) void this.#extendAll()
  }

  async #extendAll(): Promise<void> {
    this.#extending = true
    try {
      const leases = [...this.#leases]
      for (let i = 0; i < leases.length; i += batchSize) await this.#extend(leases.slice(i, i + batchSize))
    } catch {
      // Redis may be back at the next interval. A lease that expires before that is lost.
    } finally {
      this.#extending = false
    }
  }

  async #extend(leases: readonly Lease[]): Promise<void> {
    const sentAt = performance.now()
    const rest = { keys: leases.map(({ name }) => name), args: leases.map(({ token }) => token) }
    const extended = await extendLocks(this.redis, {}, { ttl: this.ttlMs }, rest)
    leases.forEach((lease, i) => {
      if (!this.#leases.has(lease)) return
      if (extended[i]) lease.grantedAt = sentAt
      else this.#lose(lease, 'Redis no longer has it, or gave it to another process')
    })
  }

  #lose(lease: Lease, why: string): void {
    if (this.delete(lease))
      lease.onLost(new DistError('UNAVAILABLE', `the lock on ${lease.key} was lost: ${why}; try again`))
  }
}
