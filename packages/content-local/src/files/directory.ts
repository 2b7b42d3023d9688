import { failedWith } from './errors.js'
import type { FileOperations } from './operations.js'

/**
 * Makes renames into one directory durable. All who ask while an fsync runs share the next one: it starts after
 * each of their renames, and 16 commits cost about as much as one.
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

  /** Lets go of the directory; the next `sync` opens it again. */
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
      // Some network and FUSE file systems have no fsync of a directory: their renames are as durable as they get.
      if (failedWith(error, 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return
      this.#fd = undefined
      throw error
    }
  }
}
