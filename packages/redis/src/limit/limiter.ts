import { randomBytes } from 'node:crypto'
import type { DistError } from '@dist/errdefs'
import {
  type AcquireOptions,
  createHostLimiter,
  type HostLimiter,
  type HostPolicy,
  type HostState,
  hostPolicy,
  type LocalHostLimiter,
  type Permit,
  type ReportOptions,
} from '@dist/remotes'
import type { Redis } from 'ioredis'
import { checkPrefix, defaultPrefix } from '../prefix.js'
import { Breaker } from './breaker.js'
import { Gate } from './gate.js'
import { Troubles } from './troubles.js'

export interface RedisHostLimiterOptions {
  /** Holds over all processes; all need the same. */
  policy?: Partial<HostPolicy> | undefined
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
export function createRedisHostLimiter(redis: Redis, options: RedisHostLimiterOptions = {}): HostLimiter {
  return new RedisHostLimiter(redis, options)
}

class RedisHostLimiter implements HostLimiter {
  readonly #gates = new Map<string, Gate>()
  readonly #process = randomBytes(6).toString('hex')
  readonly #local: LocalHostLimiter
  readonly #troubles: Troubles
  readonly #breaker: Breaker
  readonly #prefix: string
  readonly #policy: HostPolicy
  readonly #lease: number
  #permits = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly redis: Redis,
    { policy, prefix = defaultPrefix, lease = 30_000, ...options }: RedisHostLimiterOptions,
  ) {
    this.#prefix = `${checkPrefix(prefix)}:host:`
    this.#policy = hostPolicy(policy)
    this.#lease = lease
    // In front of Redis: it bounds and orders the requests of this process, and stands in while Redis is away.
    this.#local = createHostLimiter(this.#policy)
    this.#breaker = new Breaker(redis, {
      timeoutMs: options.timeoutMs ?? 2_000,
      onAway: options.onAway,
      onBack: options.onBack,
    })
    this.#troubles = new Troubles(
      redis,
      this.#breaker,
      this.#local,
      this.#policy,
      `${this.#prefix}troubled`,
      (host) => ({ trouble: this.#key(host, 'trouble'), answered: this.#key(host, 'answered') }),
    )
  }

  async acquire(host: string, options: AcquireOptions = {}): Promise<Permit> {
    const local = await this.#local.acquire(host, options)
    const gate = this.#gateOf(host, options.lane ?? 'requests')
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

  answered(host: string): Promise<void> {
    return this.#troubles.answered(host)
  }

  pause(
    host: string,
    milliseconds: number | undefined,
    because: string,
    options?: ReportOptions,
  ): Promise<void> {
    return this.#troubles.pause(host, milliseconds, because, options)
  }

  state(host: string): Promise<HostState> {
    return this.#troubles.state(host)
  }

  states(): Promise<HostState[]> {
    return this.#troubles.states()
  }

  #gateOf(host: string, lane: string): Gate {
    // A host has no blank.
    const name = `${lane} ${host}`
    const known = this.#gates.get(name)
    if (known !== undefined) return known
    const keys = {
      permits: this.#key(name, 'permits'),
      waitingSince: this.#key(name, 'waiting-since'),
      waitingUntil: this.#key(name, 'waiting-until'),
      trouble: this.#key(host, 'trouble'),
      answered: this.#key(host, 'answered'),
    }
    const { requests: slots, firstProbe } = this.#policy
    const options = { slots, firstProbe, lease: this.#lease, process: this.#process }
    const gate = new Gate(this.redis, keys, this.#breaker, options, host, {
      onTrouble: (trouble) => this.#local.learn(host, trouble),
      onHealthy: () => this.#local.forget(host),
    })
    this.#gates.set(name, gate)
    return gate
  }

  #key(of: string, what: string): string {
    return `${this.#prefix}${what}:${of}`
  }

  #renew(): void {
    for (const [name, gate] of this.#gates) {
      if (gate.idle) this.#gates.delete(name)
      else void gate.renew()
    }
    if (this.#gates.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
