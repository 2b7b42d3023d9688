import { mkdirSync, opendirSync } from 'node:fs'
import { dirname } from 'node:path'
import { failedWith } from './errors.js'
import type { FileOperations } from './operations.js'

/**
 * Makes a directory and its parents, at most `levels` of them. Not with the `recursive` option of mkdir: it never returns
 * where a parent exists but refuses children with ENOENT, as /proc does.
 */
export function makeDirectory(path: string, levels = 256): void {
  if (makeOne(path)) return
  if (levels > 1) makeDirectory(dirname(path), levels - 1)
  if (!makeOne(path)) mkdirSync(path)
}

/** False where the parent is missing; true if the directory exists now. */
function makeOne(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch (error) {
    if (failedWith(error, 'EEXIST')) return true
    if (failedWith(error, 'ENOENT') && dirname(path) !== path) return false
    throw error
  }
}

/** Whether a directory has no entry. A missing one has none. */
export function isEmptyDirectory(path: string): boolean {
  try {
    const directory = opendirSync(path)
    try {
      return directory.readSync() === null
    } finally {
      directory.closeSync()
    }
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return true
    throw error
  }
}

/**
 * Makes renames into one directory durable. Calls that arrive while an fsync runs share the next one: it starts after
 * all their renames, so that 16 commits cost about as much as one.
 */
export class DirectorySync {
  #fd: Promise<number> | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(
    private readonly files: FileOperations,
    private readonly path: string,
  ) {}

  /** Resolves when everything that was renamed before the call is durable. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#running.catch(() => {}).then(() => this.#start())
    return this.#next
  }

  /** Closes the directory. The next `sync` opens it again. */
  async close(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => {})
    const fd = this.#fd
    this.#fd = undefined
    if (fd !== undefined) await this.files.close(await fd).catch(() => {})
  }

  #start(): Promise<void> {
    this.#next = undefined
    const run = this.#sync().finally(() => {
      if (this.#running === run) this.#running = undefined
    })
    this.#running = run
    return run
  }

  async #sync(): Promise<void> {
    this.#fd ??= this.files.open(this.path, 'r')
    try {
      await this.files.fsync(await this.#fd)
    } catch (error) {
      // Some network and FUSE file systems cannot fsync a directory. Their renames cannot be made more durable.
      if (failedWith(error, 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return
      this.#fd = undefined
      throw error
    }
  }
}
