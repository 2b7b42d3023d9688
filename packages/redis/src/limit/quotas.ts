import {
  type HostPolicy,
  type KnownQuota,
  type Pulls,
  type PullTurn,
  type Quota,
  quotaError,
} from '@dist/remotes'
import type { Redis } from 'ioredis'
import type { Breaker } from './breaker.js'
import {
  hurryQuota,
  listQuotas,
  type QuotaFields,
  readQuota,
  recordQuota,
  takePull,
  takeTurn,
} from './quota-scripts.js'

/** A quota that was told again unchanged is reported once in this time, in milliseconds. */
const reportEvery = 10_000

/**
 * The quotas of hosts, by whom they belong to: workers with one address share one. A host that tells no quota costs no command.
 * While Redis is away each process counts for itself.
 */
export class Quotas {
  /** By host, what this process last reported, and when by the monotonic clock. */
  readonly #reported = new Map<string, { readonly remaining: number; readonly at: number }>()

  constructor(
    private readonly redis: Redis,
    private readonly breaker: Breaker,
    private readonly local: Pulls,
    private readonly prefix: string,
    private readonly policyOf: (host: string) => HostPolicy,
  ) {}

  /** As `HostLimiter.admitPull`. */
  async admit(host: string): Promise<'pull' | 'ask'> {
    const quota = this.#key(host)
    if (quota === undefined || !this.breaker.mayAsk()) return this.local.admit(host)
    const { reservePulls: reserve, quotaInterval: interval } = this.policyOf(host)
    const reply = await this.breaker.ask('counting a pull', () =>
      takePull(this.redis, { quota }, { reserve, interval }),
    )
    if (reply === undefined) return this.local.admit(host)
    if (reply.verdict !== 'wait') return reply.verdict
    throw quotaError(host, reply, reserve, reply.wait)
  }

  /** As `HostLimiter.told`. */
  async told(host: string, quota: Quota | undefined): Promise<void> {
    const before = this.#key(host)
    this.local.told(host, quota)
    if (quota === undefined) {
      if (before === undefined) return
      this.#reported.delete(host)
      await this.#ask('forgetting a quota', () => this.redis.del(before))
      return
    }
    const last = this.#reported.get(host)
    const now = performance.now()
    if (last !== undefined && last.remaining === quota.remaining && now - last.at < reportEvery) return
    this.#reported.set(host, { remaining: quota.remaining, at: now })
    const { source, remaining, limit = '', window = '' } = quota
    const { reservePulls: reserve } = this.policyOf(host)
    const name = `${source} ${host}`
    const keys = { quota: this.#named(name), quotas: `${this.prefix}quotas` }
    await this.#ask('recording a quota', () =>
      recordQuota(this.redis, keys, { name, remaining, limit, window, reserve }),
    )
  }

  /** As `HostStates.pullTurn`. */
  async turn(host: string): Promise<PullTurn> {
    const quota = this.#key(host)
    if (quota === undefined) return 'open'
    const { reservePulls: reserve, quotaInterval: interval } = this.policyOf(host)
    const turn = await this.#ask('reading a quota', () =>
      takeTurn(this.redis, { quota }, { reserve, interval }),
    )
    return turn ?? this.local.turn(host)
  }

  /** What is known for this process' address or account. */
  async known(host: string): Promise<KnownQuota | undefined> {
    const quota = this.#key(host)
    if (quota === undefined) return undefined
    const fields = await this.#ask('reading a quota', () => readQuota(this.redis, { quota }, {}))
    return fields === undefined ? this.local.known(host) : knownOf(host, this.local.sourceOf(host), fields)
  }

  /** As `RedisHostLimiter.askForPulls`. */
  async hurry(host: string): Promise<boolean> {
    const hurried = await this.#ask('asking for pulls', async () => {
      const names = await listQuotas(this.redis, { quotas: `${this.prefix}quotas` }, {})
      const own = names.filter((name) => name.endsWith(` ${host}`))
      return await Promise.all(own.map((name) => hurryQuota(this.redis, { quota: this.#named(name) }, {})))
    })
    return hurried?.includes(true) === true
  }

  /** All that are known. */
  async list(): Promise<KnownQuota[]> {
    const quotas = `${this.prefix}quotas`
    const all = await this.#ask('listing quotas', async () => {
      const names = await listQuotas(this.redis, { quotas }, {})
      const fields = await Promise.all(
        names.map((name) => readQuota(this.redis, { quota: this.#named(name) }, {})),
      )
      return names.flatMap((name, i) => {
        const [source = '', host = ''] = name.split(' ')
        return knownOf(host, source, fields[i]) ?? []
      })
    })
    return all ?? this.local.all
  }

  #ask<T>(doing: string, command: () => Promise<T>): Promise<T | undefined> {
    return this.breaker.mayAsk() ? this.breaker.ask(doing, command) : Promise.resolve(undefined)
  }

  /** Undefined while the host has told this process no quota. */
  #key(host: string): string | undefined {
    const source = this.local.sourceOf(host)
    return source === undefined ? undefined : this.#named(`${source} ${host}`)
  }

  #named(name: string): string {
    return `${this.prefix}quota:${name}`
  }
}

function knownOf(host: string, source = '', fields: QuotaFields | undefined): KnownQuota | undefined {
  if (fields?.remaining === undefined) return undefined
  const { remaining, limit, window, seenAgo, asksIn } = fields
  const now = Date.now()
  const asksAt = asksIn === undefined ? undefined : now + asksIn
  return { host, source, remaining, limit, window, seenAt: now - seenAgo, asksAt }
}
