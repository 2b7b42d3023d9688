import { dirname } from 'node:path'
import { backoff, DistError, jitter, sleep, throwIfAborted } from '@dist/errdefs'
import { type AcquireOptions, type Lock, type Locker, MemoryLocker } from '@dist/locks'
import { storeError } from '../files/errors.js'
import { type Claim, keyHash } from './claim.js'
import { Claims } from './claims.js'

export interface LocalLockerOptions {
  /** Milliseconds without a heartbeat after which a holder that cannot be asked counts as dead. Default 30,000. */
  ttl?: number | undefined
}

interface Held {
  readonly claim: Claim
  readonly key: string
  readonly lost: AbortController
  beatAt: number
}

const firstDelay = 5
const longestDelay = 250

/**
 * Locks between all processes and threads that use one store, by claim files in a directory of it.
 *
 * To take a key, create a claim of your own, then list: you hold the key if yours is the only claim to it.
 * Whoever creates second sees the first; two who see each other both step back and come again after a random
 * time. There is no moment at which a claim is taken over, so none at which two could take it over.
 *
 * A claim of a process of this machine that is gone counts no more, at once; of a process that cannot be asked
 * (another machine, another container) it counts until it had no heartbeat for `ttl`, by the file system's clock.
 */
export class LocalLocker implements Locker {
  readonly #turns = new MemoryLocker()
  readonly #held = new Set<Held>()
  readonly #claims: Claims
  readonly #ttl: number
  #heart: NodeJS.Timeout | undefined

  constructor(
    private readonly directory: string,
    options: LocalLockerOptions = {},
  ) {
    this.#ttl = options.ttl ?? 30_000
    this.#claims = new Claims(directory, this.#ttl)
  }

  async acquire(key: string, options: AcquireOptions = {}): Promise<Lock> {
    const until = options.wait === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.wait
    // Within the process first: of all who wait here for a key, one at a time looks at the directory.
    const turn = await this.#turns.acquire(key, options)
    try {
      return this.#hold(key, await this.#claim(key, until, options.signal), turn)
    } catch (error) {
      await turn.release()
      throw storeError(dirname(this.directory), `locking ${key}`, error)
    }
  }

  /** Of these keys, those that somebody holds right now. */
  heldAmong(keys: readonly string[]): Set<string> {
    const hashes = new Set(this.#claims.live().map(({ hash }) => hash))
    return new Set(keys.filter((key) => hashes.has(keyHash(key))))
  }

  /** Removes the claims of the dead, which do no harm but take up a name. */
  sweep(): void {
    this.#claims.live()
  }

  /** Ends the heartbeat. Locks that are still held stay so until the process ends. */
  close(): void {
    clearInterval(this.#heart)
    this.#heart = undefined
  }

  async #claim(key: string, until: number, signal: AbortSignal | undefined): Promise<Claim> {
    const hash = keyHash(key)
    for (let attempt = 0; ; attempt++) {
      throwIfAborted(signal)
      // Who has waited looks before claiming, so that those who wait do not get in each other's way.
      const rivals = attempt === 0 ? [] : this.#claims.live(hash)
      const claim = rivals.length === 0 ? this.#try(hash, rivals) : undefined
      if (claim !== undefined) return claim
      const left = until - performance.now()
      if (left <= 0 && (rivals.length > 0 || attempt > 20)) throw unavailable(key, rivals)
      const pause = rivals.length > 0 ? backoff(attempt, firstDelay, longestDelay) : jitter(1)
      await sleep(rivals.length > 0 ? Math.min(pause, left) : pause, signal)
    }
  }

  /** One attempt. Fills `rivals` with the others that still claim the key after this one has stepped back. */
  #try(hash: string, rivals: Claim[]): Claim | undefined {
    const claim = this.#claims.create(hash)
    if (this.#claims.live(hash, claim).length === 0) return claim
    this.#claims.remove(claim)
    // Listed again: of two who saw each other, the one who lists last sees nobody and tries again.
    rivals.push(...this.#claims.live(hash))
    return undefined
  }

  #hold(key: string, claim: Claim, turn: Lock): Lock {
    const held: Held = { claim, key, lost: new AbortController(), beatAt: performance.now() }
    this.#held.add(held)
    this.#heart ??= setInterval(() => this.#beat(), this.#ttl / 3).unref()
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
      // So late that somebody may be taking the claim for dead this very moment: given up, also if it is there.
      if (now - held.beatAt > this.#ttl) this.#lose(held)
      else this.#touch(held, now)
    }
  }

  #touch(held: Held, now: number): void {
    try {
      if (this.#claims.touch(held.claim)) held.beatAt = now
      else this.#lose(held)
    } catch {
      // The claim may still be there (a full disk, too many open files): the next beat tries again, and the lock is
      // given up when the last good one is too long ago.
    }
  }

  #lose(held: Held): void {
    held.lost.abort(new DistError('UNAVAILABLE', `the lock on ${held.key} was lost: try again`))
  }
}

function unavailable(key: string, rivals: readonly Claim[]): DistError {
  const since = rivals.map((claim) => claim.since).sort((a, b) => a.getTime() - b.getTime())[0]
  const when = since === undefined ? '' : ` since ${since.toISOString()}`
  return new DistError('UNAVAILABLE', `${key} is locked${when}`, { held: true })
}
