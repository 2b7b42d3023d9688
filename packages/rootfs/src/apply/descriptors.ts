import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import type { Directory } from './directory.js'
import { pathOf, printable } from './paths.js'

// Linux; node:fs does not define it. Such a descriptor needs no read permission, and only identifies the directory.
export const O_PATH = 0o10000000
const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW
const capacity = 256

/**
 * Open directories. Each is opened in its open parent, never through a symbolic link. A path below `/proc/self/fd/N/`
 * therefore always refers to this directory, however the names above it change. The least recently used ones are closed
 * and opened again when needed; they must be the same directory then.
 */
export class Descriptors {
  readonly #open = new Map<Directory, number>()

  constructor(root: Directory, path: string) {
    this.#keep(root, openSync(path, O_PATH | constants.O_DIRECTORY))
  }

  /** `/proc/self/fd/N/` of a directory. Valid until 255 other directories have been requested. */
  base(directory: Directory): string {
    let fd = this.#open.get(directory)
    if (fd === undefined) {
      fd = this.#reopen(directory)
      this.#keep(directory, fd)
    } else if (this.#open.size === capacity) {
      this.#open.delete(directory)
      this.#open.set(directory, fd)
    }
    return `/proc/self/fd/${fd}/`
  }

  /** Opens a directory in `parent`. Throws as `open` does; `ENOTDIR` for a symbolic link. */
  adopt(directory: Directory, parent: Directory): void {
    this.#keep(directory, openIn(this.base(parent), directory))
  }

  fd(directory: Directory): number {
    this.base(directory)
    return this.#open.get(directory) ?? -1
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd)
    this.#open.clear()
  }

  /** Opens a directory again, through its parents, which are opened only for this. */
  #reopen(directory: Directory): number {
    const { parent } = directory
    if (parent === undefined) throw changedMeanwhile(directory)
    const held = this.#open.get(parent)
    const through = held ?? this.#reopen(parent)
    try {
      return openIn(`/proc/self/fd/${through}/`, directory)
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) throw changedMeanwhile(directory)
      throw error
    } finally {
      if (held === undefined) closeSync(through)
    }
  }

  #keep(directory: Directory, fd: number): void {
    if (this.#open.size === capacity) {
      for (const [oldest, its] of this.#open) {
        // The root stays open: it cannot be opened again through a parent.
        if (oldest.parent === undefined) continue
        this.#open.delete(oldest)
        closeSync(its)
        break
      }
    }
    this.#open.set(directory, fd)
  }
}

function openIn(base: string, directory: Directory): number {
  const fd = openSync(pathOf(base, directory.name), flags)
  const { dev, ino } = fstatSync(fd)
  const { identity } = directory
  if (identity === undefined) directory.identity = { dev, ino }
  else if (identity.ino !== ino || identity.dev !== dev) {
    closeSync(fd)
    throw changedMeanwhile(directory)
  }
  return fd
}

function changedMeanwhile(directory: Directory): DistError {
  return new DistError(
    'UNAVAILABLE',
    `${printable(directory.path())}: changed by another process while the layer was applied`,
  )
}
