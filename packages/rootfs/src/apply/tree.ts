import { chmodSync, fstatSync, lstatSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import { Descriptors } from './descriptors.js'
import { Directory } from './directory.js'
import type { Journal } from './journal.js'
import { pathOf, printable } from './paths.js'
import { isPrivileged } from './privilege.js'

/** As many as Linux follows in one path would be 40; those who make images follow more. */
const linkLimit = 255
/** What directories get that the layer needs and does not describe. */
const missingMode = 0o755
/** Rights that others have not before everything is in its place. */
const buildMode = 0o700

/** Where a path leads: a directory, and what is not there below it. */
interface Place {
  readonly at: Directory
  readonly missing: readonly string[]
}

/**
 * The tree that a layer is applied to. Paths are resolved here, component by component, with symbolic links taken
 * within the root: an absolute one starts at the root, and `..` stops there. The kernel follows none of them.
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
    this.#adopted(this.root)
  }

  base(directory: Directory): string {
    return this.descriptors.base(directory)
  }

  /** The directory that a path leads to; undefined where there is none. */
  find(components: readonly string[]): Directory | undefined {
    const { at, missing } = this.#resolve(components)
    return missing.length === 0 ? at : undefined
  }

  /** The directory that a path leads to, made where it is missing. */
  reach(components: readonly string[]): Directory {
    const { at, missing } = this.#resolve(components)
    let directory = at
    for (const name of missing) directory = this.#makeMissing(directory, name)
    return directory
  }

  /** The directory of a name in another; undefined for anything else. */
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
    this.expectOwn(directory, name)
    directory.children.set(name, child)
    this.#adopted(child)
    return child
  }

  /** Makes a directory; undefined where something of that name is there. */
  makeDirectory(directory: Directory, name: string): Directory | undefined {
    try {
      mkdirSync(pathOf(this.base(directory), name), buildMode)
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return undefined
      throw error
    }
    this.brought(directory, name)
    const made = new Directory(name, directory, true)
    directory.children.set(name, made)
    return made
  }

  /** Notes that the layer has made something. */
  brought(directory: Directory, name: string): void {
    directory.isTouched = true
    directory.markUpper()
    if (directory.made.has(name)) return
    directory.made.add(name)
    if (!directory.isNew) this.journal.made(directory, name)
  }

  /** Removes what has a name: for good if the layer brought it, else as the journal does. */
  clear(directory: Directory, name: string): void {
    this.expectOwn(directory, name)
    this.journal.remove(directory, name)
    directory.isTouched = true
    directory.children.delete(name)
    directory.links.delete(name)
    directory.made.delete(name)
    directory.lower?.delete(name)
  }

  /** Whether there is something of that name, a symbolic link included. */
  has(directory: Directory, name: string): boolean {
    return lstatSync(pathOf(this.base(directory), name), { throwIfNoEntry: false }) !== undefined
  }

  /** The names in a directory, as byte strings. */
  names(directory: Directory): string[] {
    return readdirSync(this.base(directory), 'latin1')
  }

  /**
   * What is found under a name must have that name. On a file system that takes different names for the same (by
   * case, or by Unicode form), or when somebody else puts something there, it has not: then it is no business of ours.
   */
  expectOwn(directory: Directory, name: string): void {
    if (directory.made.has(name)) return
    if (!directory.isNew) {
      directory.lower ??= new Set(this.names(directory))
      if (directory.lower.has(name)) return
    }
    throw new DistError(
      'ALREADY_EXISTS',
      'another name stands for the same here (in other case or Unicode form), or somebody else made it meanwhile',
    )
  }

  close(): void {
    this.descriptors.close()
  }

  #makeMissing(directory: Directory, name: string): Directory {
    const made = this.makeDirectory(directory, name)
    if (made === undefined) {
      this.expectOwn(directory, name)
      throw new DistError('MALFORMED', `${printable(directory.pathTo(name))} is not a directory`)
    }
    made.wanted = { mode: missingMode }
    return made
  }

  #resolve(components: readonly string[]): Place {
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
        throw new DistError(
          'RESOURCE_EXHAUSTED',
          `it lies deeper than ${this.#depth} directories (limit depth)`,
        )
      // In a directory that the layer made is what the layer made, and nothing has to be looked for.
      const isLost = missing.length > 0 || (at.isNew && !at.made.has(name))
      const child = isLost ? undefined : this.child(at, name)
      const target = isLost || child !== undefined ? undefined : this.#link(at, name)
      if (child !== undefined) at = child
      else if (target === undefined) missing.push(name)
      else {
        if (++links > linkLimit) throw new DistError('MALFORMED', 'its path has too many symbolic links')
        if (target.startsWith('/')) at = this.root
        left.push(...target.split('/').reverse())
      }
    }
    return { at, missing }
  }

  /** Where a symbolic link leads; undefined for anything else, and for nothing. */
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

  /** A directory that was there before: as it is now, so it has to be again if the layer does not say otherwise. */
  #adopted(directory: Directory): void {
    const stats = fstatSync(this.descriptors.fd(directory), { bigint: true })
    const [mode, uid, gid] = [Number(stats.mode) & 0o7777, Number(stats.uid), Number(stats.gid)]
    directory.original = { mode, uid, gid, mtime: Number(stats.mtimeNs / 1000n) }
    this.journal.adopted(directory)
    if (!isPrivileged() && uid === process.geteuid?.() && (mode & 0o700) !== 0o700) {
      directory.isOpened = true
      chmodSync(this.base(directory), mode | 0o700)
    }
  }
}
