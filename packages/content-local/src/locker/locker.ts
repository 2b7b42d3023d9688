import { dirname } from 'node:path'
import { backoff, DistError, jitter, sleep, throwIfAborted } from '@dist/errdefs'
import { type AcquireOptions, type Lock, type Locker, type LossyLock, MemoryLocker } from '@dist/locks'
import { storeError } from '../files/errors.js'
import { type Claim, keyHash } from './claim.js'
import { Claims } from './claims.js'

export interface LocalLockerOptions {
  /** Milliseconds without a heartbeat after which a holder on another machine counts as dead. Default 30,000. */
  ttl?: number | undefined
}

interface Held {
  readonly claim: Claim
  readonly key: string
  readonly lost: AbortController
  beatAt: number
}

const firstDelayMs = 5
const longestDelayMs = 250

/**
 * Locks between all processes and threads that use one store, with claim files in a directory of the store.
 *
 * To take a key, a process creates a claim and then lists all claims: it holds the key if its claim is the only one. A
 * later claimer sees the earlier claim. Two that see each other both remove their claims and retry after a random time.
 * Claims are never transferred, so two processes cannot take over the same claim.
 *
 * A claim of a dead process of this machine expires at once. A claim of a process on another machine or in another
 * container expires after `ttl` without a heartbeat, by the clock of the file system.
 */
export class LocalLocker implements Locker<LossyLock> {
  readonly #turns = new MemoryLocker()
  readonly #held = new Set<Held>()
  readonly #claims: Claims
  readonly #ttlMs: number
  #heart: NodeJS.Timeout | undefined

  constructor(
    private readonly directory: string,
    options: LocalLockerOptions = {},
  ) {
    this.#ttlMs = options.ttl ?? 30_000
    this.#claims = new Claims(directory, this.#ttlMs)
  }

  async acquire(key: string, options: AcquireOptions = {}): Promise<LossyLock> {
    const until = options.wait === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.wait
    // First within the process: only one waiter for a key at a time polls the directory.
    const turn = await this.#turns.acquire(key, options)
    try {
      return this.#hold(key, await this.#claim(key, until, options.signal), turn)
    } catch (error) {
      await turn.release()
      throw storeError(dirname(this.directory), `lock of ${key}`, error)
    }
  }

  /** Those of these keys that are held now, by any process. */
  heldAmong(keys: readonly string[]): Set<string> {
    const hashes = new Set(this.#claims.live().map(({ hash }) => hash))
    return new Set(keys.filter((key) => hashes.has(keyHash(key))))
  }

  /** Removes the claims of dead processes. They are harmless, and only take space. */
  sweep(): void {
    this.#claims.live()
  }

  /** Stops the heartbeat. Locks that are held stay so until the process ends. */
  close(): void {
    clearInterval(this.#heart)
    this.#heart = undefined
    this.#claims.rest()
  }

  async #claim(key: string, until: number, signal: AbortSignal | undefined): Promise<Claim> {
    const hash = keyHash(key)
    for (let attempt = 0; ; attempt++) {
      throwIfAborted(signal)
      // After a wait, list before creating a claim, so that waiters do not block each other.
      const rivals = attempt === 0 ? [] : this.#claims.live(hash)
      const claim = rivals.length === 0 ? this.#try(hash, rivals) : undefined
      if (claim !== undefined) return claim
      const left = until - performance.now()
      if (left <= 0 && (rivals.length > 0 || attempt > 20)) throw unavailable(key, rivals)
      const pause = rivals.length > 0 ? backoff(attempt, firstDelayMs, longestDelayMs) : jitter(1)
      await sleep(rivals.length > 0 ? Math.min(pause, left) : pause, signal)
    }
  }

  /** One attempt. When it fails, adds the claims that are left after the own one is removed to `rivals`. */
  #try(hash: string, rivals: Claim[]): Claim | undefined {
    const claim = this.#claims.create(hash)
    if (this.#claims.live(hash, claim).length === 0) return claim
    this.#claims.remove(claim)
    // Listed again: of two that saw each other, the last to list sees no claim and retries at once.
    rivals.push(...this.#claims.live(hash))
    return undefined
  }

  #hold(key: string, claim: Claim, turn: Lock): LossyLock {
    const held: Held = { claim, key, lost: new AbortController(), beatAt: performance.now() }
    this.#held.add(held)
    this.#heart ??= setInterval(() => this.#beat(), this.#ttlMs / 3).unref()
    const release = async () => {
      if (!this.#held.delete(held)) return
      try {
        this.#claims.remove(claim)
      } finally {
        await turn.release()
      }
    }
    return { key, signal: held.lost.signal, release, [Symbol.asyncDispose]: release }
  }

  #beat(): void {
    if (this.#held.size === 0) this.close()
    const now = performance.now()
    for (const held of this.#held) {
      if (held.lost.signal.aborted) continue
      // Too late: another process may consider the claim dead now. The lock is given up even if the claim exists.
      if (now - held.beatAt > this.#ttlMs) this.#lose(held)
      else this.#touch(held, now)
    }
  }

  #touch(held: Held, now: number): void {
    try {
      if (this.#claims.touch(held.claim)) held.beatAt = now
      else this.#lose(held)
    } catch {
      // The claim may still exist (a full disk, too many open files). The next beat retries; the lock is given up when
      // the last successful beat is older than the TTL.
    }
  }

  #lose(held: Held): void {
    // It would seem alive as long as this process takes other locks.
    this.#claims.removeDead(held.claim)
    held.lost.abort(
      new DistError('UNAVAILABLE', `lock ${held.key}: lost, no heartbeat within its TTL; try again`),
    )
  }
}

function unavailable(key: string, rivals: readonly Claim[]): DistError {
  const since = rivals.map((claim) => claim.since).sort((a, b) => a.getTime() - b.getTime())[0]
  const when = since === undefined ? '' : ` since ${since.toISOString()}`
  return new DistError('UNAVAILABLE', `${key} is locked${when}`, { held: true })
}
