import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import type { Script } from '../script.js'

/** A lock as this process sees it. */
export interface Lease {
  /** As the holder knows it. */
  readonly key: string
  /** As Redis knows it. */
  readonly name: string
  readonly token: string
  /** When the last question that Redis granted was sent, by the monotonic clock: it cannot expire earlier there. */
  grantedAt: number
  /** Called once, when the lock is lost. */
  readonly onLost: (error: DistError) => void
}

/** Locks in one question, so that it does not hold up Redis. */
const batch = 500

/**
 * Keeps all locks of a process extended, by one timer and one question at a time. A lock is lost when Redis says that
 * it has no owner or another one, and when no extension was granted for nearly a TTL: Redis is away, or this process
 * stood still, and somebody else may have the lock.
 */
export class Renewal {
  readonly #leases = new Set<Lease>()
  readonly #onReady = () => this.#beat()
  #timer: NodeJS.Timeout | undefined
  #asking = false

  constructor(
    private readonly redis: Redis,
    private readonly extend: Script,
    /** Milliseconds. */
    private readonly ttl: number,
    private readonly every: number,
  ) {}

  add(lease: Lease): void {
    // What a server that was restarted has forgotten is noticed as soon as the client is back.
    if (this.#leases.size === 0) this.redis.on('ready', this.#onReady)
    this.#leases.add(lease)
    if (this.#timer === undefined) this.#schedule()
  }

  /** False when the lease is not kept, or no more. */
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
    const wait = Math.max(1, Math.min(this.every, oldest - performance.now()))
    this.#timer = setTimeout(() => this.#beat(), wait).unref()
  }

  /** A little before Redis can let go: what is done with a lock takes time, too. */
  #expiry(lease: Lease): number {
    return lease.grantedAt + this.ttl * 0.95
  }

  #beat(): void {
    const now = performance.now()
    for (const lease of this.#leases)
      if (now >= this.#expiry(lease)) this.#lose(lease, 'it could not be renewed in time')
    if (this.#leases.size === 0) return
    this.#schedule()
    if (!this.#asking) void this.#ask()
  }

  async #ask(): Promise<void> {
    this.#asking = true
    try {
      const leases = [...this.#leases]
      for (let i = 0; i < leases.length; i += batch) await this.#askFor(leases.slice(i, i + batch))
    } catch {
      // Redis may be back at the next beat; the clock says when it is too late.
    } finally {
      this.#asking = false
    }
  }

  async #askFor(leases: readonly Lease[]): Promise<void> {
    const sentAt = performance.now()
    const names = leases.map(({ name }) => name)
    const extended = await this.extend(names, [this.ttl, ...leases.map(({ token }) => token)])
    leases.forEach((lease, i) => {
      if (!this.#leases.has(lease)) return
      if (Array.isArray(extended) && extended[i] === 1) lease.grantedAt = sentAt
      else this.#lose(lease, 'redis has forgotten it, or given it to somebody else')
    })
  }

  #lose(lease: Lease, why: string): void {
    if (this.delete(lease))
      lease.onLost(new DistError('UNAVAILABLE', `the lock on ${lease.key} was lost: ${why}; try again`))
  }
}
