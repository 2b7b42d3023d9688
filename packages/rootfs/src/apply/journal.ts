import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, renameSync } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import { isChanged, setAttributes } from './attributes.js'
import { Directory } from './directory.js'
import { pathOf, printable } from './paths.js'
import { isPrivileged } from './privilege.js'
import { removeTree } from './remove.js'
import type { Tree } from './tree.js'

/** What happens to what was there before, and how it comes back. */
export interface Journal {
  /** The name, in the root, of what the journal keeps there; undefined while there is nothing. */
  readonly name: string | undefined
  /** A directory that was there before is about to be changed. */
  adopted(directory: Directory): void
  /** Something was made in a directory that was there before. */
  made(directory: Directory, name: string): void
  /** Takes away what has a name. */
  remove(directory: Directory, name: string): void
  /** Everything becomes as it was before `reason`; throws `INTERNAL`, which names it, when that fails. */
  undo(reason: unknown): void
  /** Everything stays as it is. */
  forget(): void
}

/** For a directory that is thrown away after a failure. */
export class NoJournal implements Journal {
  readonly name = undefined
  readonly #tree: Tree

  constructor(tree: Tree) {
    this.#tree = tree
  }

  adopted(): void {}
  made(): void {}
  undo(): void {}
  forget(): void {}

  remove(directory: Directory, name: string): void {
    removeTree(this.#tree.base(directory), name)
  }
}

type Step = { readonly directory: Directory; readonly name: string; readonly kept?: string | undefined }

/**
 * What was there before is moved into a directory of its own in the root, which is on the same file system, and moved
 * back when the layer fails. A crash leaves it there, under the name `.dist-undo-` and eight hex digits.
 */
export class UndoJournal implements Journal {
  readonly #tree: Tree
  readonly #steps: Step[] = []
  readonly #directories: Directory[] = []
  #keeper: { readonly name: string; readonly directory: Directory } | undefined
  #kept = 0

  constructor(tree: Tree) {
    this.#tree = tree
  }

  get name(): string | undefined {
    return this.#keeper?.name
  }

  adopted(directory: Directory): void {
    this.#directories.push(directory)
  }

  made(directory: Directory, name: string): void {
    this.#steps.push({ directory, name })
  }

  remove(directory: Directory, name: string): void {
    if (directory.isNew || directory.made.has(name)) removeTree(this.#tree.base(directory), name)
    else this.#setAside(directory, name)
  }

  #setAside(directory: Directory, name: string): void {
    const kept = String(this.#kept++)
    const keeper = this.#keep()
    const from = pathOf(this.#tree.base(directory), name)
    try {
      renameSync(from, `${this.#tree.base(keeper)}${kept}`)
    } catch (error) {
      // To move a directory is to write into it.
      if (errnoOf(error) !== 'EACCES' || this.#tree.child(directory, name) === undefined) throw error
      renameSync(from, `${this.#tree.base(keeper)}${kept}`)
    }
    this.#steps.push({ directory, name, kept })
  }

  undo(reason: unknown): void {
    const tree = this.#tree
    try {
      for (const { directory, name, kept } of this.#steps.toReversed()) {
        if (kept === undefined) removeTree(tree.base(directory), name)
        else if (this.#keeper !== undefined)
          renameSync(`${tree.base(this.#keeper.directory)}${kept}`, pathOf(tree.base(directory), name))
      }
      this.forget()
      for (const directory of this.#directories.toReversed())
        if (directory.original !== undefined && isChanged(directory))
          setAttributes(tree.base(directory), directory.original)
    } catch (error) {
      const where = this.#keeper === undefined ? '' : `: what was there is in ${printable(this.#keeper.name)}`
      const first = reason instanceof Error ? reason.message : String(reason)
      throw new DistError('INTERNAL', `${first}; the directory could not be put back as it was${where}`, {
        cause: error,
      })
    }
  }

  forget(): void {
    if (this.#keeper === undefined) return
    const base = this.#tree.base(this.#tree.root)
    // The root may have its modes from the layer by now: then its owner has perhaps no right to remove anything from it.
    if (!isPrivileged()) chmodSync(base, 0o700)
    removeTree(base, this.#keeper.name)
  }

  #keep(): Directory {
    if (this.#keeper !== undefined) return this.#keeper.directory
    const { root } = this.#tree
    const name = `.dist-undo-${randomBytes(4).toString('hex')}`
    mkdirSync(`${this.#tree.base(root)}${name}`, 0o700)
    root.isTouched = true
    this.#keeper = { name, directory: new Directory(name, root, true) }
    return this.#keeper.directory
  }
}
