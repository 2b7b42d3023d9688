import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { failedWith, storeError } from '../files/errors.js'
import type { StoreDirectory } from '../store-directory.js'
import type { Change } from './change.js'
import { versionOf } from './file-version.js'
import { IndexFile } from './index-file.js'
import { beginning, type Journal, type Position } from './journal.js'
import { Published } from './published.js'

/** What both files contained at one time. */
interface Loaded {
  /** The version of `index.json`; empty if there is no file. */
  readonly index: string
  readonly published: Published
  position: Position
}

/** Reads `index.json` and the journal, and of both only what has changed. */
export class NamesReader {
  readonly #path: string
  #loaded: Loaded | undefined

  constructor(
    private readonly directory: StoreDirectory,
    private readonly journal: Journal,
  ) {
    this.#path = join(directory.root, 'index.json')
  }

  /** Throws `MALFORMED`, and `NOT_IMPLEMENTED` for a journal of a newer version. */
  load(): { published: Published; position: Position } {
    try {
      const loaded = this.#loaded
      if (loaded !== undefined && this.#isCurrent(loaded)) return loaded
      this.#loaded = this.#read()
      return this.#loaded
    } catch (error) {
      throw storeError(this.directory.root, 'read of names', error)
    }
  }

  /** Whether there is an `index.json`. */
  hasIndex(): boolean {
    return this.#version() !== ''
  }

  /**
   * Takes over changes that this process has just added to the journal after a position. A `load` during the addition may
   * have read them already.
   */
  added(changes: readonly Change[], after: Position, end: Position): void {
    if (this.#loaded?.position !== after) return
    this.#loaded.published.apply(changes)
    this.#loaded.position = end
  }

  /** Drops what was read, so that it takes no memory. */
  forget(): void {
    this.#loaded = undefined
  }

  /** Whether the loaded names are those of the files, after new lines of the journal are read. */
  #isCurrent(loaded: Loaded): boolean {
    if (this.#version() !== loaded.index) return false
    if (this.journal.version() === loaded.position.version) return true
    const read = this.journal.read(loaded.position)
    if (read === undefined) return false
    loaded.published.apply(read.changes)
    loaded.position = read.position
    return true
  }

  #read(): Loaded {
    // The journal first: an index that is newer has its changes, and they change nothing again. The other way round,
    // changes that another process moves from one to the other in between would be missed.
    const { changes, position } = this.journal.read(beginning) ?? { changes: [], position: beginning }
    const { version, index } = this.#readIndex()
    const published = new Published(index)
    published.apply(changes)
    return { index: version, published, position }
  }

  #readIndex(): { version: string; index: IndexFile } {
    let fd: number
    try {
      fd = openSync(this.#path, 'r')
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return { version: '', index: IndexFile.empty(this.#path) }
      throw error
    }
    try {
      const version = versionOf(fstatSync(fd, { bigint: true }))
      return { version, index: IndexFile.parse(readFileSync(fd), this.#path) }
    } finally {
      closeSync(fd)
    }
  }

  #version(): string {
    const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? '' : versionOf(stat)
  }
}
