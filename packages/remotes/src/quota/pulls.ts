import type { HostPolicy } from '../policy.js'
import { type KnownQuota, type PullTurn, type Quota, quotaError } from './quota.js'

/** Milliseconds in which answers may not count pulls that were admitted later: the lower number holds. */
const settles = 5_000
/** Pulls wait if one was refused in the last so many questions. */
const recent = 3

interface Count {
  quota: Quota
  seenAt: number
  admittedAt: number
  askedAt: number
  triedAt: number
  refusedAt: number
}

const never = Number.NEGATIVE_INFINITY

/** The quotas of pulls as this process sees them. A host without a quota in its answers has none. */
export class Pulls {
  /** By host and source. */
  readonly #counts = new Map<string, Count>()
  /** By host, whom its last answer to this process named. */
  readonly #sources = new Map<string, string>()

  constructor(
    private readonly policyOf: (host: string) => HostPolicy,
    /** Milliseconds since the epoch. */
    private readonly now: () => number = Date.now,
  ) {}

  /** As `HostLimiter.admitPull`. */
  admit(host: string): 'pull' | 'ask' {
    const count = this.#count(host)
    if (count === undefined) return 'pull'
    const { reservePulls: reserve, quotaInterval } = this.policyOf(host)
    const now = this.now()
    if (count.quota.remaining > reserve) {
      count.quota = { ...count.quota, remaining: count.quota.remaining - 1 }
      count.admittedAt = now
      return 'pull'
    }
    const left = Math.max(count.seenAt, count.askedAt) + quotaInterval - now
    if (left <= 0) {
      count.askedAt = now
      return 'ask'
    }
    count.refusedAt = now
    throw quotaError(host, count.quota, reserve, left)
  }

  /** As `HostLimiter.told`. */
  told(host: string, quota: Quota | undefined): void {
    if (quota === undefined) this.#forget(host)
    else this.#record(host, quota)
  }

  #record(host: string, quota: Quota): void {
    this.#sources.set(host, quota.source)
    const name = `${host} ${quota.source}`
    const now = this.now()
    const before = this.#counts.get(name)
    if (before === undefined) {
      const times = { admittedAt: never, askedAt: never, triedAt: never, refusedAt: never }
      this.#counts.set(name, { quota, seenAt: now, ...times })
      return
    }
    const isSettled = now - before.admittedAt > settles || before.askedAt > before.admittedAt
    const remaining = isSettled ? quota.remaining : Math.min(quota.remaining, before.quota.remaining)
    before.quota = { ...quota, remaining }
    before.seenAt = now
  }

  /** As `HostStates.pullTurn`. */
  turn(host: string): PullTurn {
    const count = this.#count(host)
    const { reservePulls, quotaInterval } = this.policyOf(host)
    if (count === undefined || count.quota.remaining > reservePulls) return 'open'
    const now = this.now()
    const left = Math.max(count.seenAt, count.triedAt) + quotaInterval - now
    if (left > 0) return left
    count.triedAt = now
    return 'try'
  }

  /** The quota of a host, of the last source. */
  known(host: string): KnownQuota | undefined {
    const count = this.#count(host)
    return count === undefined ? undefined : this.#knownOf(host, count)
  }

  get all(): KnownQuota[] {
    return [...this.#counts].map(([name, count]) => this.#knownOf(name.split(' ', 1)[0] ?? '', count))
  }

  /** Whom the last answer of a host to this process named. Undefined: it has no quota. */
  sourceOf(host: string): string | undefined {
    return this.#sources.get(host)
  }

  #knownOf(host: string, { quota, seenAt, askedAt, refusedAt }: Count): KnownQuota {
    const { reservePulls, quotaInterval } = this.policyOf(host)
    const waits = quota.remaining <= reservePulls && this.now() - refusedAt < recent * quotaInterval
    return {
      host,
      ...quota,
      seenAt,
      asksAt: waits ? Math.max(seenAt, askedAt) + quotaInterval : undefined,
    }
  }

  #count(host: string): Count | undefined {
    const source = this.#sources.get(host)
    return source === undefined ? undefined : this.#counts.get(`${host} ${source}`)
  }

  #forget(host: string): void {
    const source = this.#sources.get(host)
    if (source === undefined) return
    this.#sources.delete(host)
    this.#counts.delete(`${host} ${source}`)
  }
}
