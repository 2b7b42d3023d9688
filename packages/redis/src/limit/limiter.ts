import { randomBytes } from 'node:crypto'
import { isPaused } from '@dist/errdefs'
import {
  type AcquireOptions,
  type AnswerOptions,
  createHostLimiter,
  defaultOwnWait,
  type HostAnswers,
  type HostLane,
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
import { Answers } from './answers.js'
import { Breaker } from './breaker.js'
import { SharedBytes } from './bytes.js'
import type { RedisHostLimiter, RedisHostLimiterOptions } from './contract.js'
import { Gate, LaneShare } from './gate.js'
import { PublishedPolicies } from './policies.js'
import { Quotas } from './quotas.js'
import { Rates } from './rates.js'
import { statesOf, withQuota } from './states.js'
import { Troubles } from './troubles.js'

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
  readonly #published: PublishedPolicies
  readonly #answers: Answers
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
    this.#published = new PublishedPolicies(redis, this.#breaker, `${this.#prefix}policies`)
    this.#answers = new Answers(redis, this.#breaker, `${this.#prefix}answers`)
    const mostOf = (host: string) => policyOf(policy, host).requestsPerSecond
    this.#rates = new Rates(redis, this.#breaker, this.#prefix, mostOf)
    const ofHost = (host: string) => policyOf(policy, host)
    this.#quotas = new Quotas(redis, this.#breaker, this.#local.pulls, this.#prefix, ofHost)
  }

  async acquire(host: string, options: AcquireOptions = {}): Promise<Permit> {
    const local = await this.#acquireHere(host, options)
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

  resume(host: string): Promise<boolean> {
    return this.#troubles.resume(host)
  }

  askForPulls(host: string): Promise<boolean> {
    return this.#quotas.hurry(host)
  }

  failed(host: string, because: string, options?: ReportOptions): Promise<void> {
    return this.#troubles.failed(host, because, options)
  }

  answered(host: string, options?: AnswerOptions): Promise<void> {
    this.#answers.answered(host, options?.latency)
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
    this.#answers.refused(host)
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
    return statesOf(troubled, quotas)
  }

  async publishPolicies(): Promise<void> {
    await this.#published.write(this.#policy)
  }

  publishedPolicies(): Promise<HostPolicies | undefined> {
    return this.#published.read()
  }

  answers(): Promise<HostAnswers[]> {
    return this.#answers.list()
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

  /** A pause that this process knows may have been ended. */
  async #acquireHere(host: string, options: AcquireOptions): Promise<Permit> {
    const shared = { ...options, shared: !this.#breaker.away }
    try {
      return await this.#local.acquire(host, shared)
    } catch (error) {
      if (!isPaused(error) || !(await this.#troubles.hasEnded(host))) throw error
      return await this.#local.acquire(host, shared)
    }
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
