import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, openSync, readdirSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { livenessOf } from '@dist/locks'
import { makeDirectory } from '../files/directories.js'
import { failedWith } from '../files/errors.js'
import { type Claim, newClaim, parseClaim } from './claim.js'

/**
 * The claim files of one store. The calls are synchronous: each takes some 10 microseconds in the kernel's
 * memory, a trip through the thread pool five times that, and a lock sits on the way of every blob.
 */
export class Claims {
  readonly #seen = new Map<string, { mtime: number; at: number }>()

  constructor(
    private readonly directory: string,
    /** Milliseconds without a heartbeat after which a claim counts no more. */
    private readonly ttl: number,
  ) {}

  create(hash: string): Claim {
    const claim = newClaim(hash)
    const create = () => closeSync(openSync(this.path(claim), 'wx'))
    try {
      create()
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error
      // This level and no more: where there is no store, a lock makes none.
      makeDirectory(this.directory, 1)
      create()
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

  /** The heartbeat: says again that the claim counts. False when the claim is gone. */
  touch(claim: Claim): boolean {
    try {
      const fd = openSync(this.path(claim), 'r+')
      // A write and not utimes: so the time of change comes from the file system's clock, the one clock that all
      // who share a store have in common.
      writeSync(fd, '.', 0)
      closeSync(fd)
      return true
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return false
      throw error
    }
  }

  /** The claims that count, to one key or to all, without one's own; those of the dead are removed on the way. */
  live(hash = '', own?: Claim): Claim[] {
    const files = this.#list()
    this.#forget(files)
    const claims: Claim[] = []
    for (const file of files) {
      if (!file.startsWith(hash) || file === own?.file) continue
      const claim = parseClaim(file)
      if (claim === undefined) continue
      if (this.#counts(claim)) claims.push(claim)
      else this.#bury(claim)
    }
    return claims
  }

  path(claim: Claim): string {
    return join(this.directory, claim.file)
  }

  /** Races with nobody: a claim's name is unique, so that what is removed is what was judged. */
  #bury(claim: Claim): void {
    try {
      this.remove(claim)
    } catch {
      // Not ours to remove, or a read-only store: it does not count all the same.
    }
  }

  /** Drops what was seen of claims that are gone, so that it does not grow with every rival there ever was. */
  #forget(files: readonly string[]): void {
    if (this.#seen.size <= 256) return
    const there = new Set(files)
    for (const file of this.#seen.keys()) if (!there.has(file)) this.#seen.delete(file)
  }

  #list(): string[] {
    try {
      return readdirSync(this.directory)
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return []
      throw error
    }
  }

  #counts(claim: Claim): boolean {
    const fate = livenessOf(claim.owner)
    if (fate === 'dead') return false
    const mtime = statSync(this.path(claim), { throwIfNoEntry: false })?.mtimeMs
    if (mtime === undefined) return false
    return fate === 'alive' ? !this.#unchanged(claim, mtime) : this.#now() - mtime < this.ttl
  }

  /**
   * Of a process that lives only its thread may have ended. Measured by this process's own monotonic clock, since
   * the file system's leaps when a machine wakes from sleep.
   */
  #unchanged(claim: Claim, mtime: number): boolean {
    const now = performance.now()
    const seen = this.#seen.get(claim.file)
    if (seen !== undefined && seen.mtime === mtime) return now - seen.at > this.ttl
    this.#seen.set(claim.file, { mtime, at: now })
    return false
  }

  /**
   * What time it is for the file system that stamped the heartbeats: clocks of the machines that share it may
   * differ by minutes.
   */
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
      // A store that this process may only read: it takes no locks, its own clock is good enough to show.
      return Date.now()
    }
  }
}
