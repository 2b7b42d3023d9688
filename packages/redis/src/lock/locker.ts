import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { backoff, type DistError, isRetryable, sleep, throwIfAborted } from '@dist/errdefs'
import { type AcquireOptions, type Lock, type Locker, MemoryLocker } from '@dist/locks'
import type { Redis } from 'ioredis'
import { within } from '../answer.js'
import { redisError } from '../errors.js'
import { checkPrefix, defaultPrefix } from '../prefix.js'
import type { Presence } from '../presence/presence.js'
import { type Terms, termsOf } from '../presence/terms.js'
import { defineScript, type Script } from '../script.js'
import { type Lease, Renewal } from './renewal.js'
import { lockedBy, parseRival, type Rival } from './rival.js'
import { dropScript, extendScript, takeScript } from './scripts.js'

export interface RedisLockerOptions {
  /** What all keys begin with. Default `{dist}`. */
  prefix?: string | undefined
  /**
   * Milliseconds after which the lock of a holder that does not renew it is free. One that stands still for so long
   * loses it. Default 60,000.
   */
  ttl?: number | undefined
  /** Milliseconds between extensions. Default: a sixth of `ttl`. */
  renewEvery?: number | undefined
  /** Milliseconds that Redis may be away or fail before `acquire` throws `UNAVAILABLE`. Default 5,000. */
  patience?: number | undefined
  /** Who holds the locks, for messages. Default: host name and process id. */
  owner?: string | undefined
  /** The service that holds the locks: they are free once it is gone, and lost when its process stood still. */
  presence?: Pick<Presence, 'id' | 'terms' | 'onStandstill'> | undefined
}

const firstDelay = 10
const longestDelay = 500

/**
 * Locks between all processes that share a Redis. Its clock and this process's monotonic one count, the time of day
 * on no machine does. `Lock.signal` aborts when the server lost its keys, and when the lock could not be extended
 * for nearly its TTL. A service that has announced itself loses its locks sooner: others take them once it is gone,
 * and it gives them up itself when it finds that it stood still.
 *
 * `acquire` throws, beside what the contract says, `UNAVAILABLE` when Redis is away for longer than `patience`,
 * however long it may wait for a held key, and `PERMISSION_DENIED`. `release` never throws: what it cannot tell Redis
 * expires there.
 */
export function createRedisLocker(redis: Redis, options: RedisLockerOptions = {}): Locker {
  return new RedisLocker(redis, options)
}

class RedisLocker implements Locker {
  readonly #turns = new MemoryLocker()
  readonly #renewal: Renewal
  readonly #take: Script
  readonly #drop: Script
  readonly #prefix: string
  readonly #ttl: number
  readonly #patience: number
  readonly #owner: string
  readonly #terms: Terms

  constructor(
    private readonly redis: Redis,
    { prefix = defaultPrefix, ttl = 60_000, renewEvery = ttl / 6, ...options }: RedisLockerOptions,
  ) {
    this.#prefix = `${checkPrefix(prefix)}:lock:`
    this.#ttl = ttl
    this.#patience = options.patience ?? 5_000
    const owner = options.owner ?? `${hostname()}:${process.pid}`
    const { presence } = options
    this.#owner = presence === undefined ? owner : `~${presence.id} ${owner}`
    this.#terms = presence?.terms ?? termsOf({ prefix })
    this.#take = defineScript(redis, 'distLockTake', takeScript)
    this.#drop = defineScript(redis, 'distLockDrop', dropScript)
    this.#renewal = new Renewal(redis, defineScript(redis, 'distLockExtend', extendScript), ttl, renewEvery)
    presence?.onStandstill(() => this.#renewal.loseAll('this process stood still for too long'))
  }

  async acquire(key: string, options: AcquireOptions = {}): Promise<Lock> {
    const until = options.wait === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.wait
    // Within the process first: of all who wait here for a key, one at a time asks Redis.
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

  /** Asks until the lock is granted. Returns when the question that was granted was sent. */
  async #claim(
    key: string,
    name: string,
    token: string,
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const { sentAt, rival } = await this.#ask(name, token, signal)
      if (rival === undefined) return sentAt
      const left = until - performance.now()
      if (left <= 0) throw lockedBy(key, rival)
      await sleep(Math.min(backoff(attempt, firstDelay, longestDelay), left, rival.left + 1), signal)
    }
  }

  async #ask(
    name: string,
    token: string,
    signal: AbortSignal | undefined,
  ): Promise<{ sentAt: number; rival: Rival | undefined }> {
    const giveUp = performance.now() + this.#patience
    let first: DistError | undefined
    for (let attempt = 0; ; attempt++) {
      const sentAt = performance.now()
      try {
        throwIfAborted(signal)
        const { services, steady, expiry, grace } = this.#terms
        const answer = this.#take([name, services, steady], [token, this.#ttl, this.#owner, expiry, grace])
        return { sentAt, rival: parseRival(await within(answer, giveUp - sentAt, signal)) }
      } catch (error) {
        const failure = redisError(this.redis, 'locking', error)
        // The first one tells more than those of the connections that it leads to.
        first ??= failure
        // A failover, for one, is an answer that will soon be another one.
        const pause = backoff(attempt, firstDelay, longestDelay)
        if (isRetryable(failure) && performance.now() + pause < giveUp) await sleep(pause, signal)
        else {
          // A question that was given up may still be granted: this follows it on the same connection.
          this.#forget(name, token)
          throw isRetryable(failure) ? first : failure
        }
      }
    }
  }

  #hold(granted: Omit<Lease, 'onLost'>, turn: Lock): Lock {
    const lost = new AbortController()
    const lease: Lease = {
      ...granted,
      onLost: (error) => {
        lost.abort(error)
        this.#forget(lease.name, lease.token)
        void turn.release()
      },
    }
    this.#renewal.add(lease)
    const release = async () => {
      if (!this.#renewal.delete(lease)) return
      const dropped = this.#drop([lease.name], [lease.token])
      await within(dropped, this.#patience).catch(() => {})
      await turn.release()
    }
    return { key: lease.key, signal: lost.signal, release, [Symbol.asyncDispose]: release }
  }

  /** Tells Redis that a lock is not wanted any more, without waiting for the answer. */
  #forget(name: string, token: string): void {
    this.#drop([name], [token]).catch(() => {})
  }
}
