import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, renameSync } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import { isChanged, isPrivileged, setAttributes } from './attributes.js'
import { Directory } from './directory.js'
import { pathOf, printable } from './paths.js'
import { removeEntry } from './remove.js'
import type { Tree } from './tree.js'

/** Keeps what a layer changes, to undo it. */
export interface Journal {
  /** The name of the journal's directory in the root; undefined while there is none. */
  readonly name: string | undefined
  /** Records an existing directory that is about to be changed. */
  recordDirectory(directory: Directory): void
  /** Records what was made in an existing directory. */
  recordMade(directory: Directory, name: string): void
  /** Removes a name. */
  remove(directory: Directory, name: string): void
  /** Restores everything after the failure `reason`. Throws `INTERNAL`, with `reason` in the message, when that fails. */
  undo(reason: unknown): void
  /** Drops what was kept. */
  discard(): void
}

/** Keeps nothing, for a directory that is removed after a failure. */
export class NoJournal implements Journal {
  readonly name = undefined
  readonly #tree: Tree

  constructor(tree: Tree) {
    this.#tree = tree
  }

  recordDirectory(): void {}
  recordMade(): void {}
  undo(): void {}
  discard(): void {}

  remove(directory: Directory, name: string): void {
    removeEntry(this.#tree.base(directory), name)
  }
}

type Step = { readonly directory: Directory; readonly name: string; readonly kept?: string | undefined }

/**
 * Moves what the layer removes into a directory in the root, which is on the same file system, and back when the layer
 * fails. A crash leaves that directory behind: `.dist-undo-` and eight hex digits.
 */
export class UndoJournal implements Journal {
  readonly #tree: Tree
  readonly #steps: Step[] = []
  readonly #directories: Directory[] = []
  #keptIn: { readonly name: string; readonly directory: Directory } | undefined
  #kept = 0

  constructor(tree: Tree) {
    this.#tree = tree
  }

  get name(): string | undefined {
    return this.#keptIn?.name
  }

  recordDirectory(directory: Directory): void {
    this.#directories.push(directory)
  }

  recordMade(directory: Directory, name: string): void {
    this.#steps.push({ directory, name })
  }

  remove(directory: Directory, name: string): void {
    if (directory.isNew || directory.made.has(name)) removeEntry(this.#tree.base(directory), name)
    else this.#setAside(directory, name)
  }

  #setAside(directory: Directory, name: string): void {
    const kept = String(this.#kept++)
    const keeper = this.#keep()
    const from = pathOf(this.#tree.base(directory), name)
    try {
      renameSync(from, `${this.#tree.base(keeper)}${kept}`)
    } catch (error) {
      // Moving a directory needs write permission in it.
      if (errnoOf(error) !== 'EACCES' || this.#tree.child(directory, name) === undefined) throw error
      renameSync(from, `${this.#tree.base(keeper)}${kept}`)
    }
    this.#steps.push({ directory, name, kept })
  }

  undo(reason: unknown): void {
    const tree = this.#tree
    try {
      for (const { directory, name, kept } of this.#steps.toReversed()) {
        if (kept === undefined) removeEntry(tree.base(directory), name)
        else if (this.#keptIn !== undefined)
          renameSync(`${tree.base(this.#keptIn.directory)}${kept}`, pathOf(tree.base(directory), name))
      }
      this.discard()
      for (const directory of this.#directories.toReversed())
        if (directory.original !== undefined && isChanged(directory))
          setAttributes(tree.base(directory), directory.original)
    } catch (error) {
      const where =
        this.#keptIn === undefined ? '' : `; what it contained is in ${printable(this.#keptIn.name)}`
      const first = reason instanceof Error ? reason.message : String(reason)
      throw new DistError('INTERNAL', `${first}; the directory could not be restored${where}`, {
        cause: error,
      })
    }
  }

  discard(): void {
    if (this.#keptIn === undefined) return
    const base = this.#tree.base(this.#tree.root)
    // The root may have its mode from the layer now, without write permission for its owner.
    if (!isPrivileged()) chmodSync(base, 0o700)
    removeEntry(base, this.#keptIn.name)
  }

  #keep(): Directory {
    if (this.#keptIn !== undefined) return this.#keptIn.directory
    const { root } = this.#tree
    const name = `.dist-undo-${randomBytes(4).toString('hex')}`
    mkdirSync(`${this.#tree.base(root)}${name}`, 0o700)
    root.isTouched = true
    this.#keptIn = { name, directory: new Directory(name, root, true) }
    return this.#keptIn.directory
  }
}
