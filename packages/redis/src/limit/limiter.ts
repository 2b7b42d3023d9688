import { randomBytes } from 'node:crypto'
import type { DistError } from '@dist/errdefs'
import {
  type AcquireOptions,
  type AnswerOptions,
  createHostLimiter,
  defaultOwnWait,
  type HostLane,
  type HostLimiter,
  type HostPolicies,
  type HostState,
  type KnownQuota,
  kindOf,
  type LearnedLimit,
  type LocalHostLimiter,
  longestOwnWait,
  type Permit,
  type PullTurn,
  policyOf,
  type Quota,
  type ReportOptions,
  type RequestClass,
} from '@dist/remotes'
import type { Redis } from 'ioredis'
import { checkPrefix, defaultPrefix } from '../prefix.js'
import { Breaker } from './breaker.js'
import { SharedBytes } from './bytes.js'
import { Gate, LaneShare } from './gate.js'
import { Quotas } from './quotas.js'
import { Rates } from './rates.js'
import { Troubles } from './troubles.js'

export interface RedisHostLimiterOptions {
  /** Hold over all processes; all need the same. */
  policy?: HostPolicies | undefined
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** Milliseconds after which the permits of a killed process are free. Default: 30,000. */
  lease?: number | undefined
  /** The longest wait for Redis before the limiter goes on without it. Default: 2,000. */
  timeoutMs?: number | undefined
  /** Called once when Redis is away: limits hold within this process until `onBack`. */
  onAway?: ((error: DistError) => void) | undefined
  onBack?: (() => void) | undefined
}

/**
 * A limiter for all processes that share a Redis. Pauses and permits run by Redis' clock.
 *
 * Slots go first come, first served within a process. Processes that wait for the same host get equal shares, and none
 * starves. A process asks for all its requests with one command, and gives slots back without waiting. While Redis is
 * away transfers go on within the limits of an in-process limiter, and known pauses are kept.
 */
export function createRedisHostLimiter(
  redis: Redis,
  options: RedisHostLimiterOptions = {},
): RedisHostLimiter {
  return new SharedHostLimiter(redis, options)
}

/** A limiter whose limits others can see. */
export interface RedisHostLimiter extends HostLimiter {
  /** Lets others see the policies of this process, which all processes should have. Never rejects. */
  publishPolicies(): Promise<void>
  /** The policies that a process has published last. Never rejects. */
  publishedPolicies(): Promise<HostPolicies | undefined>
}

/** Seconds. Services that ended so long ago say nothing. */
const policiesLifetime = 30 * 24 * 3_600

class SharedHostLimiter implements RedisHostLimiter {
  readonly #gates = new Map<string, Gate>()
  readonly #lanes = new Map<string, LaneShare>()
  readonly #process = randomBytes(6).toString('hex')
  readonly #local: LocalHostLimiter
  readonly #troubles: Troubles
  readonly #breaker: Breaker
  readonly #prefix: string
  readonly #policy: HostPolicies
  readonly #rates: Rates
  readonly #quotas: Quotas
  /** Of hosts whose policy bounds them. */
  readonly #bytes = new Map<string, SharedBytes>()
  readonly #lease: number
  #permits = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly redis: Redis,
    { policy = {}, prefix = defaultPrefix, lease = 30_000, ...options }: RedisHostLimiterOptions,
  ) {
    this.#prefix = `${checkPrefix(prefix)}:host:`
    this.#policy = policy
    this.#lease = lease
    // In front of Redis: it bounds and orders the requests of this process, and stands in while Redis is away.
    this.#local = createHostLimiter(policy)
    this.#breaker = new Breaker(redis, {
      timeoutMs: options.timeoutMs ?? 2_000,
      onAway: options.onAway,
      onBack: options.onBack,
    })
    this.#troubles = new Troubles(
      redis,
      this.#breaker,
      this.#local,
      policy,
      `${this.#prefix}troubled`,
      (host) => ({ trouble: this.#key(host, 'trouble'), answered: this.#key(host, 'answered') }),
    )
    const mostOf = (host: string) => policyOf(policy, host).requestsPerSecond
    this.#rates = new Rates(redis, this.#breaker, this.#prefix, mostOf)
    const ofHost = (host: string) => policyOf(policy, host)
    this.#quotas = new Quotas(redis, this.#breaker, this.#local.pulls, this.#prefix, ofHost)
  }

  async acquire(host: string, options: AcquireOptions = {}): Promise<Permit> {
    const local = await this.#local.acquire(host, { ...options, shared: !this.#breaker.away })
    const gate = this.#gateOf(host, options.lane ?? 'requests', options)
    this.#timer ??= setInterval(() => this.#renew(), this.#lease / 3).unref()
    const id = `${this.#process}-${this.#permits++}`
    try {
      const probes = await gate.enter(id, options.signal)
      let released = false
      const release = () => {
        if (released) return
        released = true
        gate.leave(id)
        local.release()
      }
      return { probes: probes || local.probes, release }
    } catch (error) {
      local.release()
      throw error
    }
  }

  failed(host: string, because: string, options?: ReportOptions): Promise<void> {
    return this.#troubles.failed(host, because, options)
  }

  answered(host: string, options?: AnswerOptions): Promise<void> {
    return this.#troubles.answered(host, options)
  }

  pause(
    host: string,
    milliseconds: number | undefined,
    because: string,
    options?: ReportOptions,
  ): Promise<void> {
    return this.#troubles.pause(host, milliseconds, because, options)
  }

  async refused(
    host: string,
    milliseconds: number | undefined,
    because: string,
    { after = 0, ...about }: ReportOptions = {},
  ): Promise<number | undefined> {
    const traffic = this.#local.traffic(host, about)
    const isOfRate = traffic.isOfRate(after)
    if (!isOfRate || (milliseconds ?? 0) > longestOwnWait) {
      await this.pause(host, milliseconds, because, { after })
      return undefined
    }
    // For when Redis is away, too.
    traffic.slowDown(after)
    await this.#rates.refused({ host, ...about }, after, traffic.throughput)
    return milliseconds ?? defaultOwnWait
  }

  takeBytes(host: string, bytes: number): Promise<void> | undefined {
    const { bytesPerSecond } = policyOf(this.#policy, host)
    if (bytesPerSecond === undefined) return undefined
    const known =
      this.#bytes.get(host) ??
      new SharedBytes(this.redis, this.#breaker, this.#key(host, 'bytes'), bytesPerSecond)
    this.#bytes.set(host, known)
    return known.take(bytes)
  }

  admitPull(host: string): Promise<'pull' | 'ask'> {
    return this.#quotas.admit(host)
  }

  told(host: string, quota: Quota | undefined): Promise<void> {
    return this.#quotas.told(host, quota)
  }

  async state(host: string): Promise<HostState> {
    const [state, quota] = await Promise.all([this.#troubles.state(host), this.#quotas.known(host)])
    return withQuota(state, quota)
  }

  async states(): Promise<HostState[]> {
    const [troubled, quotas] = await Promise.all([this.#troubles.states(), this.#quotas.list()])
    const waiting = quotas.filter(({ asksAt }) => asksAt !== undefined)
    const others = waiting.filter(({ host }) => troubled.every((each) => each.host !== host))
    return [
      ...troubled.map((state) =>
        withQuota(
          state,
          waiting.find(({ host }) => host === state.host),
        ),
      ),
      ...others.map((quota) => ({ host: quota.host, answered: true, quota })),
    ]
  }

  async publishPolicies(): Promise<void> {
    const text = JSON.stringify(this.#policy)
    await this.#breaker.ask('publishing the policies of hosts', () =>
      this.redis.set(`${this.#prefix}policies`, text, 'EX', policiesLifetime),
    )
  }

  async publishedPolicies(): Promise<HostPolicies | undefined> {
    const text = await this.#breaker.ask('reading the policies of hosts', () =>
      this.redis.get(`${this.#prefix}policies`),
    )
    return text == null ? undefined : (JSON.parse(text) as HostPolicies)
  }

  pullTurn(host: string): Promise<PullTurn> {
    return this.#quotas.turn(host)
  }

  quotas(): Promise<KnownQuota[]> {
    return this.#quotas.list()
  }

  async limits(): Promise<LearnedLimit[]> {
    const [shared, own] = await Promise.all([this.#rates.list(), this.#local.limits()])
    return [...shared, ...own.flatMap((limit) => (limit.requests === undefined ? [] : [limit]))]
  }

  #gateOf(host: string, lane: HostLane, about: RequestClass): Gate {
    const { kind = kindOf(lane), account = '' } = about
    // A host has no blank.
    const name = `${lane} ${kind} ${account} ${host}`
    const known = this.#gates.get(name)
    if (known !== undefined) return known
    const ofLane = `${lane} ${host}`
    const keys = {
      permits: this.#key(ofLane, 'permits'),
      waitingSince: this.#key(ofLane, 'waiting-since'),
      waitingUntil: this.#key(ofLane, 'waiting-until'),
      trouble: this.#key(host, 'trouble'),
      answered: this.#key(host, 'answered'),
      pace: this.#rates.key({ host, kind, account }),
      next: this.#key(host, 'next'),
    }
    const { requests: slots, requestsPerSecond: most, firstProbe } = policyOf(this.#policy, host)
    const options = { slots, most, firstProbe, lease: this.#lease, process: this.#process }
    const share = this.#lanes.get(ofLane) ?? new LaneShare()
    this.#lanes.set(ofLane, share)
    const gate = new Gate(this.redis, keys, this.#breaker, options, host, share, {
      onTrouble: (trouble) => this.#local.learn(host, trouble),
      onHealthy: () => this.#local.forget(host),
      onGrow: (read) => void this.#rates.grow({ host, kind, account }, read),
    })
    this.#gates.set(name, gate)
    return gate
  }

  #close(name: string, gate: Gate): void {
    this.#gates.delete(name)
    gate.close()
  }

  #key(of: string, what: string): string {
    return `${this.#prefix}${what}:${of}`
  }

  #renew(): void {
    for (const [name, gate] of this.#gates) {
      if (gate.idle) this.#close(name, gate)
      else void gate.renew()
    }
    for (const [name, { gates }] of this.#lanes) if (gates.size === 0) this.#lanes.delete(name)
    if (this.#gates.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/** The state, with a quota that pulls wait for. */
function withQuota(state: HostState, quota: KnownQuota | undefined): HostState {
  return quota?.asksAt === undefined ? state : { ...state, quota }
}
