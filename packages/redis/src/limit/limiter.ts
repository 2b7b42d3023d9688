import { randomBytes } from 'node:crypto'
import type { DistError } from '@dist/errdefs'
import { createHostLimiter, type HostLimiter, type Permit } from '@dist/remotes'
import type { Redis } from 'ioredis'
import { checkPrefix, defaultPrefix } from '../prefix.js'
import { defineScript, type Script } from '../script.js'
import { Breaker } from './breaker.js'
import { Gate, type GateCommands } from './gate.js'
import { Pauses } from './pauses.js'
import { enterScript, pauseScript, renewScript } from './scripts.js'

export interface RedisHostLimiterOptions {
  /** Requests in flight at one host, over all processes. All of them must say the same. Default: 8. */
  perHost?: number
  /** What all keys begin with. Default `{dist}`. */
  prefix?: string
  /** Milliseconds after which the permits of a process that was killed are free again. Default 30,000. */
  lease?: number
  /** Milliseconds to wait for Redis before going on without it. Default 2,000. */
  patience?: number
  /** Is told once, when Redis is away: limits hold within this process alone until `onBack`. */
  onAway?: (error: DistError) => void
  onBack?: () => void
}

/** Of limiters that are shared: tells about pauses without waiting for their end. */
export interface PauseReader {
  /** Milliseconds until the host may be asked again; 0 when it may be now. Never rejects. */
  pausedFor(host: string): Promise<number>
}

/**
 * A limiter for all processes that share a Redis. Pauses and permits run by Redis' clock.
 *
 * Places go first come, first served within a process; processes that wait for the same host get equal shares, and
 * none of them starves. A process asks with one question for all its requests and tells of a release without waiting. When Redis is away
 * transfers go on, within the limits of an in-process limiter, and pauses that are known are kept.
 */
export function createRedisHostLimiter(
  redis: Redis,
  options: RedisHostLimiterOptions = {},
): HostLimiter & PauseReader {
  return new RedisHostLimiter(redis, options)
}

class RedisHostLimiter implements HostLimiter, PauseReader {
  readonly #gates = new Map<string, Gate>()
  readonly #process = randomBytes(6).toString('hex')
  readonly #local: HostLimiter
  readonly #pauses: Pauses
  readonly #breaker: Breaker
  readonly #commands: GateCommands
  readonly #prefix: string
  readonly #places: number
  readonly #lease: number
  #permits = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    redis: Redis,
    { perHost = 8, prefix = defaultPrefix, lease = 30_000, ...options }: RedisHostLimiterOptions,
  ) {
    this.#prefix = `${checkPrefix(prefix)}:host:`
    this.#places = perHost
    this.#lease = lease
    // In front of Redis: it bounds and orders those who ask there, and it is what is left when Redis is away.
    this.#local = createHostLimiter({ perHost })
    this.#breaker = new Breaker(redis, {
      patience: options.patience ?? 2_000,
      onAway: options.onAway,
      onBack: options.onBack,
    })
    const define = (name: string, lua: string): Script => defineScript(redis, `distHost${name}`, lua)
    this.#commands = {
      enter: define('Enter', enterScript),
      renew: define('Renew', renewScript),
      leave: (key, ids) => redis.zrem(key, ...ids),
    }
    this.#pauses = new Pauses(redis, this.#breaker, define('Pause', pauseScript), (host) =>
      this.#key(host, 'pause'),
    )
  }

  async acquire(host: string, options: { signal?: AbortSignal } = {}): Promise<Permit> {
    const place = await this.#local.acquire(host, options)
    const gate = this.#gateOf(host)
    this.#timer ??= setInterval(() => this.#renew(), this.#lease / 3).unref()
    const id = `${this.#process}-${this.#permits++}`
    try {
      await gate.enter(id, options.signal)
    } catch (error) {
      place.release()
      throw error
    }
    let released = false
    const release = () => {
      if (released) return
      released = true
      gate.leave(id)
      place.release()
    }
    return { release }
  }

  async pause(host: string, milliseconds: number): Promise<void> {
    if (!(milliseconds > 0)) return
    await this.#local.pause(host, milliseconds)
    await this.#pauses.begin(host, milliseconds)
  }

  pausedFor(host: string): Promise<number> {
    return this.#pauses.left(host)
  }

  #gateOf(host: string): Gate {
    const known = this.#gates.get(host)
    if (known !== undefined) return known
    const keys = {
      permits: this.#key(host, 'permits'),
      waitingSince: this.#key(host, 'waiting-since'),
      waitingUntil: this.#key(host, 'waiting-until'),
      pause: this.#key(host, 'pause'),
    }
    const onPause = (milliseconds: number) => {
      this.#pauses.learn(host, milliseconds)
      void this.#local.pause(host, milliseconds)
    }
    const options = { places: this.#places, lease: this.#lease, process: this.#process }
    const gate = new Gate(keys, this.#breaker, this.#commands, options, onPause)
    this.#gates.set(host, gate)
    return gate
  }

  #key(host: string, what: string): string {
    return `${this.#prefix}${what}:${host}`
  }

  #renew(): void {
    for (const [host, gate] of this.#gates) {
      if (gate.idle) this.#gates.delete(host)
      else void gate.renew()
    }
    if (this.#gates.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
