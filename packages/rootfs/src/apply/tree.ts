import { chmodSync, fstatSync, lstatSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import { isPrivileged } from './attributes.js'
import { Descriptors } from './descriptors.js'
import { Directory } from './directory.js'
import type { Journal } from './journal.js'
import { pathOf, printable } from './paths.js'

/** Symbolic links that are followed in one path. Linux follows 40; tools that build images follow more. */
const maxLinks = 255
/** The mode of directories that the layer needs but has no entry for. */
const missingMode = 0o755
/** The mode of directories until the layer is applied: no access for others. */
const buildMode = 0o700

/** A resolved path: its deepest existing directory, and the missing components below it. */
interface ResolvedPath {
  readonly directory: Directory
  readonly missing: readonly string[]
}

/**
 * The tree that a layer is applied to. It resolves paths component by component, with symbolic links confined to the root:
 * an absolute link starts at the root, and `..` stops there. The kernel follows no link.
 */
export class Tree {
  readonly root = new Directory('', undefined, false)
  readonly descriptors: Descriptors
  readonly #depth: number
  readonly journal: Journal

  constructor(path: string, depth: number, journal: (tree: Tree) => Journal) {
    this.#depth = depth
    this.descriptors = new Descriptors(this.root, path)
    this.journal = journal(this)
    this.#recordExisting(this.root)
  }

  base(directory: Directory): string {
    return this.descriptors.base(directory)
  }

  /** The directory of a path; undefined if there is none. */
  find(components: readonly string[]): Directory | undefined {
    const { directory, missing } = this.#resolve(components)
    return missing.length === 0 ? directory : undefined
  }

  /** The directory of a path; missing directories are made. */
  reach(components: readonly string[]): Directory {
    const resolved = this.#resolve(components)
    let { directory } = resolved
    for (const name of resolved.missing) directory = this.#makeMissing(directory, name)
    return directory
  }

  /** The directory `name` in another one; undefined where it is missing or not a directory. */
  child(directory: Directory, name: string): Directory | undefined {
    const known = directory.children.get(name)
    if (known !== undefined) return known
    const child = new Directory(name, directory, false)
    try {
      this.descriptors.adopt(child, directory)
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined
      throw error
    }
    this.expectExact(directory, name)
    directory.children.set(name, child)
    this.#recordExisting(child)
    return child
  }

  /** Makes a directory; undefined where the name exists. */
  makeDirectory(directory: Directory, name: string): Directory | undefined {
    try {
      mkdirSync(pathOf(this.base(directory), name), buildMode)
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return undefined
      throw error
    }
    this.recordMade(directory, name)
    const made = new Directory(name, directory, true)
    directory.children.set(name, made)
    return made
  }

  /** Records that the layer has made a name. */
  recordMade(directory: Directory, name: string): void {
    directory.isTouched = true
    directory.markUpper()
    if (directory.made.has(name)) return
    directory.made.add(name)
    if (!directory.isNew) this.journal.recordMade(directory, name)
  }

  /** Removes a name. The journal keeps what the layer has not made itself. */
  clear(directory: Directory, name: string): void {
    this.expectExact(directory, name)
    this.journal.remove(directory, name)
    directory.isTouched = true
    directory.children.delete(name)
    directory.links.delete(name)
    directory.made.delete(name)
    directory.lower?.delete(name)
  }

  /** Whether a name exists, also as a symbolic link. */
  has(directory: Directory, name: string): boolean {
    return lstatSync(pathOf(this.base(directory), name), { throwIfNoEntry: false }) !== undefined
  }

  /** The names in a directory, as byte strings. */
  names(directory: Directory): string[] {
    return readdirSync(this.base(directory), 'latin1')
  }

  /**
   * Checks that a file found by a name has exactly this name. It has another one on a file system where names are equal
   * that differ in case or Unicode form, or when another process made it: then the layer must not change it.
   */
  expectExact(directory: Directory, name: string): void {
    if (directory.made.has(name)) return
    if (!directory.isNew) {
      directory.lower ??= new Set(this.names(directory))
      if (directory.lower.has(name)) return
    }
    throw new DistError(
      'ALREADY_EXISTS',
      'exists under a name that differs in case or Unicode form, or was made by another process meanwhile',
    )
  }

  close(): void {
    this.descriptors.close()
  }

  #makeMissing(directory: Directory, name: string): Directory {
    const made = this.makeDirectory(directory, name)
    if (made === undefined) {
      this.expectExact(directory, name)
      throw new DistError('MALFORMED', `${printable(directory.pathTo(name))} is not a directory`)
    }
    made.wanted = { mode: missingMode }
    return made
  }

  #resolve(components: readonly string[]): ResolvedPath {
    const left = components.toReversed()
    let at = this.root
    const missing: string[] = []
    let links = 0
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      if (name === '' || name === '.') continue
      if (name === '..') {
        if (missing.pop() === undefined) at = at.parent ?? this.root
        continue
      }
      if (at.depth + missing.length >= this.#depth)
        throw new DistError('RESOURCE_EXHAUSTED', `deeper than ${this.#depth} directories (limit depth)`)
      // A directory that the layer made contains only what the layer made: no look-up is needed.
      const isMissing = missing.length > 0 || (at.isNew && !at.made.has(name))
      const child = isMissing ? undefined : this.child(at, name)
      const target = isMissing || child !== undefined ? undefined : this.#link(at, name)
      if (child !== undefined) at = child
      else if (target === undefined) missing.push(name)
      else {
        if (++links > maxLinks) throw new DistError('MALFORMED', 'too many symbolic links in its path')
        if (target.startsWith('/')) at = this.root
        left.push(...target.split('/').reverse())
      }
    }
    return { directory: at, missing }
  }

  /** The target of a symbolic link; undefined where the name is missing or not a link. */
  #link(directory: Directory, name: string): string | undefined {
    const known = directory.links.get(name)
    if (known !== undefined) return known
    try {
      const target = readlinkSync(pathOf(this.base(directory), name), 'latin1')
      directory.links.set(name, target)
      return target
    } catch (error) {
      if (['ENOENT', 'EINVAL', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined
      throw error
    }
  }

  /** Records the attributes of an existing directory, which it gets back unless the layer has an entry for it. */
  #recordExisting(directory: Directory): void {
    const stats = fstatSync(this.descriptors.fd(directory), { bigint: true })
    const [mode, uid, gid] = [Number(stats.mode) & 0o7777, Number(stats.uid), Number(stats.gid)]
    directory.original = { mode, uid, gid, mtime: Number(stats.mtimeNs / 1000n) }
    this.journal.recordDirectory(directory)
    if (!isPrivileged() && uid === process.geteuid?.() && (mode & 0o700) !== 0o700) {
      directory.isOpened = true
      chmodSync(this.base(directory), mode | 0o700)
    }
  }
}
