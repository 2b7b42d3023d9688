import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, openSync, readdirSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { livenessOf } from '@dist/locks'
import { makeDirectory } from '../files/directories.js'
import { failedWith } from '../files/errors.js'
import { inside } from '../files/paths.js'
import { Anchor, anchorHash } from './anchor.js'
import { type Claim, newClaim, parseClaim } from './claim.js'

/**
 * The claim files of one store. The calls are synchronous, since every write of a blob takes a lock: each call takes
 * about 10 microseconds, in the thread pool five times that.
 */
export class Claims {
  /** The last known heartbeat of claims by file name, and when this process saw it first (monotonic, in ms). */
  readonly #seen = new Map<string, { mtime: number; at: number }>()
  readonly #anchor: Anchor

  constructor(
    private readonly directory: string,
    /** Milliseconds without a heartbeat after which a claim expires. */
    private readonly ttlMs: number,
  ) {
    this.#anchor = new Anchor(directory)
  }

  create(hash: string): Claim {
    const claim = newClaim(hash)
    const path = this.path(claim)
    // Removes the anchors of dead processes.
    if (!this.#anchor.exists) this.live(anchorHash)
    try {
      this.#anchor.link(path)
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error
      // Only this level: a lock must not create a store.
      makeDirectory(this.directory, 1)
      this.#anchor.link(path)
    }
    return claim
  }

  remove(claim: Claim): void {
    this.#seen.delete(claim.file)
    try {
      unlinkSync(this.path(claim))
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error
    }
  }

  /**
   * Removes a claim that does not count any more, if it can be removed. The name of a claim is unique, so this cannot
   * remove another one than the one that was checked.
   */
  removeDead(claim: Claim): void {
    try {
      this.remove(claim)
    } catch {
      // No permission, or a read-only store: a dead claim is ignored anyway.
    }
  }

  /** Renews the heartbeat of a claim. False when the claim is gone. */
  touch(claim: Claim): boolean {
    try {
      const fd = openSync(this.path(claim), 'r+')
      // A write, not utimes: it takes the time from the clock of the file system, the only clock that all users of the
      // store share.
      writeSync(fd, '.', 0)
      closeSync(fd)
      return true
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return false
      throw error
    }
  }

  /** The live claims to one key, or to all, without `own`. Removes dead claims. */
  live(hash = '', own?: Claim): Claim[] {
    const files = this.#list()
    this.#trimSeen(files)
    const claims: Claim[] = []
    for (const file of files) {
      if (!file.startsWith(hash) || file === own?.file) continue
      const claim = parseClaim(file)
      if (claim === undefined) continue
      if (this.#isLive(claim)) claims.push(claim)
      else this.removeDead(claim)
    }
    return claims
  }

  /** Removes what makes claims cheap. The next one makes it again. */
  rest(): void {
    this.#anchor.remove()
  }

  path(claim: Claim): string {
    return inside(this.directory, claim.file)
  }

  /** Removes entries of claims that no longer exist, so that the map stays small. */
  #trimSeen(files: readonly string[]): void {
    if (this.#seen.size <= 256) return
    const existing = new Set(files)
    for (const file of this.#seen.keys()) if (!existing.has(file)) this.#seen.delete(file)
  }

  #list(): string[] {
    try {
      return readdirSync(this.directory)
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return []
      throw error
    }
  }

  #isLive(claim: Claim): boolean {
    const liveness = livenessOf(claim.owner)
    if (liveness === 'dead') return false
    const mtime = statSync(this.path(claim), { throwIfNoEntry: false })?.mtimeMs
    if (mtime === undefined) return false
    return liveness === 'alive' ? !this.#hasStopped(claim, mtime) : this.#now() - mtime < this.ttlMs
  }

  /**
   * Whether a claim of a living process had no heartbeat for the TTL: its thread may have ended. Measured by the
   * monotonic clock of this process, since the clock of the file system jumps when the machine wakes from sleep.
   */
  #hasStopped(claim: Claim, mtime: number): boolean {
    const now = performance.now()
    const seen = this.#seen.get(claim.file)
    if (seen !== undefined && seen.mtime === mtime) return now - seen.at > this.ttlMs
    this.#seen.set(claim.file, { mtime, at: now })
    return false
  }

  /** The time of the clock that sets heartbeats, that of the file system: the clocks of the machines may differ by minutes. */
  #now(): number {
    const probe = join(this.directory, `clock-${randomBytes(6).toString('hex')}`)
    try {
      const fd = openSync(probe, 'wx')
      try {
        return fstatSync(fd).mtimeMs
      } finally {
        closeSync(fd)
        unlinkSync(probe)
      }
    } catch {
      // A read-only store: this process takes no locks there, and its own clock is accurate enough for a status.
      return Date.now()
    }
  }
}
