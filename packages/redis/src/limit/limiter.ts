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
import { defineScript } from '../script.js'
import { Breaker } from './breaker.js'
import { Gate, type GateCommands } from './gate.js'
import { enterScript, renewScript, unprobeScript } from './scripts.js'
import { Troubles } from './troubles.js'

export interface RedisHostLimiterOptions {
  /** Over all processes; all of them must say the same. */
  policy?: Partial<HostPolicy> | undefined
  /** What all keys begin with. Default `{dist}`. */
  prefix?: string | undefined
  /** Milliseconds after which the permits of a process that was killed are free again. Default 30,000. */
  lease?: number | undefined
  /** Milliseconds to wait for Redis before going on without it. Default 2,000. */
  patience?: number | undefined
  /** Is told once, when Redis is away: limits hold within this process alone until `onBack`. */
  onAway?: ((error: DistError) => void) | undefined
  onBack?: (() => void) | undefined
}

/**
 * A limiter for all processes that share a Redis. Pauses and permits run by Redis' clock.
 *
 * Places go first come, first served within a process; processes that wait for the same host get equal shares, and
 * none of them starves. A process asks with one question for all its requests and tells of a release without waiting.
 * When Redis is away transfers go on, within the limits of an in-process limiter, and pauses that are known are kept.
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
  readonly #commands: GateCommands
  readonly #prefix: string
  readonly #policy: HostPolicy
  readonly #lease: number
  #permits = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    redis: Redis,
    { policy, prefix = defaultPrefix, lease = 30_000, ...options }: RedisHostLimiterOptions,
  ) {
    this.#prefix = `${checkPrefix(prefix)}:host:`
    this.#policy = hostPolicy(policy)
    this.#lease = lease
    // In front of Redis: it bounds and orders those who ask there, and it is what is left when Redis is away.
    this.#local = createHostLimiter(this.#policy)
    this.#breaker = new Breaker(redis, {
      patience: options.patience ?? 2_000,
      onAway: options.onAway,
      onBack: options.onBack,
    })
    this.#commands = {
      enter: defineScript(redis, 'distHostEnter', enterScript),
      renew: defineScript(redis, 'distHostRenew', renewScript),
      unprobe: defineScript(redis, 'distHostUnprobe', unprobeScript),
      leave: (key, ids) => redis.zrem(key, ...ids),
    }
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
    const place = await this.#local.acquire(host, options)
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
        place.release()
      }
      return { probes: probes || place.probes, release }
    } catch (error) {
      place.release()
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
    // Hosts have no blanks.
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
    const { requests: places, firstProbe } = this.#policy
    const options = { places, firstProbe, lease: this.#lease, process: this.#process }
    const gate = new Gate(keys, this.#breaker, this.#commands, options, host, {
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
