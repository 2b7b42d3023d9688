import { closeSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { failedWith } from '../files/errors.js'
import { newClaim } from './claim.js'

/** In place of the hash of a key: an anchor is a claim to nothing, and is removed as one when its process is dead. */
export const anchorHash = 'anchor'

/**
 * A file in the directory of the claims, to which claims are hard links. A link takes a fraction of the time that a file
 * takes: no file is allocated and freed for each lock.
 */
export class Anchor {
  #file: { readonly path: string; readonly fd: number } | undefined

  constructor(
    private readonly directory: string,
    private readonly linkFile: (existing: string, path: string) => void = linkSync,
  ) {}

  get exists(): boolean {
    return this.#file !== undefined
  }

  /**
   * Adds a link, with the present as its time of change. `ENOENT` where the directory is missing; it may also be that
   * another process has swept the anchor: the next call makes a new one.
   */
  link(path: string): void {
    try {
      this.#file ??= this.#create()
      // The clock of the file system is the only one that all users of the store share.
      writeSync(this.#file.fd, '.', 0)
      this.linkFile(this.#file.path, path)
    } catch (error) {
      this.remove()
      if (failedWith(error, 'ENOENT')) throw error
      // A file system without hard links, or a full one.
      closeSync(openSync(path, 'wx'))
    }
  }

  /** The links stay. */
  remove(): void {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    closeSync(file.fd)
    try {
      unlinkSync(file.path)
    } catch {
      // It is gone, or a sweep removes it.
    }
  }

  #create(): { path: string; fd: number } {
    const path = join(this.directory, newClaim(anchorHash).file)
    return { path, fd: openSync(path, 'wx') }
  }
}
