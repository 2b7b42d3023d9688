import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { backoff, type DistError, isRetryable, sleep, throwIfAborted } from '@dist/errdefs'
import { type AcquireOptions, type Lock, type Locker, type LossyLock, MemoryLocker } from '@dist/locks'
import type { Redis } from 'ioredis'
import { redisError } from '../errors.js'
import { checkPrefix, defaultPrefix } from '../prefix.js'
import type { Presence } from '../presence/presence.js'
import { type Terms, termsOf } from '../presence/terms.js'
import { within } from '../within.js'
import { type Lease, Renewal } from './renewal.js'
import { lockHeldError, type Rival } from './rival.js'
import { dropLock, takeLock } from './scripts.js'

export interface RedisLockerOptions {
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /**
   * Milliseconds after which a lock that its holder does not renew is free. A holder that is stopped this long loses
   * it. Default: 60,000.
   */
  ttl?: number | undefined
  /** Milliseconds between extensions. Default: a sixth of `ttl`. */
  renewEvery?: number | undefined
  /** How long Redis may be away or fail before `acquire` throws `UNAVAILABLE`. Default: 5,000. */
  timeoutMs?: number | undefined
  /** The holder's name in messages. Default: host name and process id. */
  owner?: string | undefined
  /** The service that holds the locks: they are free once it is gone, and lost when its process was stopped. */
  presence?: Pick<Presence, 'id' | 'terms' | 'onStandstill'> | undefined
}

const firstDelayMs = 10
const longestDelayMs = 500

/**
 * Locks between all processes that share a Redis. Times are by Redis' clock and by this process's monotonic clock,
 * never by the time of day. `Lock.signal` aborts when the server lost its keys, and when the lock was not extended for
 * nearly its TTL. The locks of an announced service are free sooner: others take them once it is gone, and it gives
 * them up itself when its process was stopped.
 *
 * `acquire` also throws `UNAVAILABLE` when Redis is away for longer than `timeoutMs`, whatever `wait` allows, and
 * `PERMISSION_DENIED`. `release` never throws: a lock that it cannot delete expires.
 */
export function createRedisLocker(redis: Redis, options: RedisLockerOptions = {}): Locker<LossyLock> {
  return new RedisLocker(redis, options)
}

class RedisLocker implements Locker<LossyLock> {
  readonly #turns = new MemoryLocker()
  readonly #renewal: Renewal
  readonly #prefix: string
  readonly #ttlMs: number
  readonly #timeoutMs: number
  readonly #owner: string
  readonly #terms: Terms

  constructor(
    private readonly redis: Redis,
    { prefix = defaultPrefix, ttl = 60_000, renewEvery = ttl / 6, ...options }: RedisLockerOptions,
  ) {
    this.#prefix = `${checkPrefix(prefix)}:lock:`
    this.#ttlMs = ttl
    this.#timeoutMs = options.timeoutMs ?? 5_000
    const owner = options.owner ?? `${hostname()}:${process.pid}`
    const { presence } = options
    this.#owner = presence === undefined ? owner : `~${presence.id} ${owner}`
    this.#terms = presence?.terms ?? termsOf({ prefix })
    this.#renewal = new Renewal(redis, ttl, renewEvery)
    presence?.onStandstill(() => this.#renewal.loseAll('this process was stopped for too long'))
  }

  async acquire(key: string, options: AcquireOptions = {}): Promise<LossyLock> {
    const until = options.wait === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.wait
    // A lock within the process first: of all that wait here for a key, one at a time asks Redis.
    const turn = await this.#turns.acquire(key, options)
    const name = this.#prefix + key
    const token = randomBytes(16).toString('hex')
    try {
      const grantedAt = await this.#claim(key, name, token, until, options.signal)
      return this.#hold({ key, name, token, grantedAt }, turn)
    } catch (error) {
      await turn.release()
      throw error
    }
  }

  /** Asks until the lock is granted. Resolves to when the granted command was sent. */
  async #claim(
    key: string,
    name: string,
    token: string,
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const { sentAt, rival } = await this.#take(name, token, signal)
      if (rival === undefined) return sentAt
      const leftMs = until - performance.now()
      if (leftMs <= 0) throw lockHeldError(key, rival)
      await sleep(Math.min(backoff(attempt, firstDelayMs, longestDelayMs), leftMs, rival.leftMs + 1), signal)
    }
  }

  /** One try for the lock; tries again while Redis fails, until the timeout. */
  async #take(
    name: string,
    token: string,
    signal: AbortSignal | undefined,
  ): Promise<{ sentAt: number; rival: Rival | undefined }> {
    const giveUpAt = performance.now() + this.#timeoutMs
    let first: DistError | undefined
    for (let attempt = 0; ; attempt++) {
      const sentAt = performance.now()
      try {
        throwIfAborted(signal)
        const { services, steady, expiry, grace } = this.#terms
        const answer = takeLock(
          this.redis,
          { lock: name, services, steady },
          { token, ttl: this.#ttlMs, owner: this.#owner, expiry, grace },
        )
        return { sentAt, rival: await within(answer, giveUpAt - sentAt, signal) }
      } catch (error) {
        const failure = redisError(this.redis, 'locking', error)
        // The first error has the cause. Those after it are of connections that fail because of it.
        first ??= failure
        const pause = backoff(attempt, firstDelayMs, longestDelayMs)
        // An error reply may be passing, too: a failover, for example.
        if (isRetryable(failure) && performance.now() + pause < giveUpAt) await sleep(pause, signal)
        else {
          // Redis may still grant the command that timed out: this one follows it on the same connection.
          this.#drop(name, token)
          throw isRetryable(failure) ? first : failure
        }
      }
    }
  }

  #hold(granted: Omit<Lease, 'onLost'>, turn: Lock): LossyLock {
    const lost = new AbortController()
    const lease: Lease = {
      ...granted,
      onLost: (error) => {
        lost.abort(error)
        this.#drop(lease.name, lease.token)
        void turn.release()
      },
    }
    this.#renewal.add(lease)
    const release = async () => {
      if (!this.#renewal.delete(lease)) return
      const dropped = dropLock(this.redis, { lock: lease.name }, { token: lease.token })
      await within(dropped, this.#timeoutMs).catch(() => {})
      await turn.release()
    }
    return { key: lease.key, signal: lost.signal, release, [Symbol.asyncDispose]: release }
  }

  /** Deletes the lock without waiting for the answer. */
  #drop(name: string, token: string): void {
    dropLock(this.redis, { lock: name }, { token }).catch(() => {})
  }
}
