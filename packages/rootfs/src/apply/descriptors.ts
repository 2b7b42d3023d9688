import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import type { Directory } from './directory.js'
import { pathOf, printable } from './paths.js'

// Linux; node:fs does not name it. Such a descriptor needs no right to read and serves as an anchor only.
export const O_PATH = 0o10000000
const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW
const capacity = 256

/**
 * Opened directories. Each is opened in its opened parent, never through a symbolic link, so that a path below
 * `/proc/self/fd/N/` is anchored to this very directory, whatever becomes of the names above it. Those used least
 * recently are closed, and opened again at need: then they must still be the same.
 */
export class Descriptors {
  readonly #open = new Map<Directory, number>()

  constructor(root: Directory, path: string) {
    this.#keep(root, openSync(path, O_PATH | constants.O_DIRECTORY))
  }

  /** `/proc/self/fd/N/` of a directory: good until 255 others have been asked for. */
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

  /** Opens a directory that is in `parent`. Throws as `open` does, `ENOTDIR` for a symbolic link. */
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

  /** Parents that are not open are opened for as long as it takes. */
  #reopen(directory: Directory): number {
    const { parent } = directory
    if (parent === undefined) throw changed(directory)
    const held = this.#open.get(parent)
    const through = held ?? this.#reopen(parent)
    try {
      return openIn(`/proc/self/fd/${through}/`, directory)
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) throw changed(directory)
      throw error
    } finally {
      if (held === undefined) closeSync(through)
    }
  }

  #keep(directory: Directory, fd: number): void {
    if (this.#open.size === capacity) {
      for (const [oldest, its] of this.#open) {
        // Nothing leads back to the root but its descriptor.
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
    throw changed(directory)
  }
  return fd
}

function changed(directory: Directory): DistError {
  return new DistError(
    'UNAVAILABLE',
    `${printable(directory.path())} was changed by somebody else while the layer was applied`,
  )
}
