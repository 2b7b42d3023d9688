import { join } from 'node:path'
import { type Algorithm, algorithmOf, algorithms, type Digest, encodedOf } from '@dist/oci'
import { DirectorySync, isEmptyDirectory } from './files/directories.js'
import type { FileOperations } from './files/operations.js'
import { inside } from './files/paths.js'

/** The directory of a store: its paths, and how its files are written and synced. */
export class StoreDirectory {
  readonly ingest: string
  readonly locks: string
  readonly ledgers: string
  readonly #blobs: string
  readonly #syncs = new Map<string, DirectorySync>()
  /** Those whose directories have had content. */
  readonly #used = new Set<Algorithm>()
  /** Those with content of this process whose names may not be durable. */
  readonly #unsynced = new Set<Algorithm>()
  #isClosed = false

  constructor(
    /** Absolute. */
    readonly root: string,
    readonly files: FileOperations,
  ) {
    this.ingest = join(root, 'ingest')
    this.locks = join(root, 'locks')
    this.ledgers = join(root, 'ledgers')
    this.#blobs = join(root, 'blobs')
  }

  blobs(algorithm: Algorithm): string {
    return inside(this.#blobs, algorithm)
  }

  blob(digest: Digest): string {
    return inside(this.blobs(algorithmOf(digest)), encodedOf(digest))
  }

  /** Makes renames into a directory of the store durable. */
  sync(directory: string): Promise<void> {
    let sync = this.#syncs.get(directory)
    if (sync === undefined) {
      sync = new DirectorySync(this.files, directory)
      this.#syncs.set(directory, sync)
    }
    return sync.sync()
  }

  /** Has to be called when content, whose bytes are durable, has got its final name. The name is durable after `syncBlobs`. */
  async added(digest: Digest): Promise<void> {
    this.#unsynced.add(algorithmOf(digest))
    if (this.#isClosed) await this.syncBlobs()
  }

  /** Makes all content durable that was visible at the call, also that of other processes. */
  async syncBlobs(): Promise<void> {
    const used = algorithms.filter((algorithm) => this.#isUsed(algorithm))
    this.#unsynced.clear()
    try {
      await Promise.all(used.map((algorithm) => this.sync(this.blobs(algorithm))))
    } catch (error) {
      for (const algorithm of used) this.#unsynced.add(algorithm)
      throw error
    }
  }

  /** Makes the content of this process durable, and closes all directories. Content that is added later is durable at once. */
  async close(): Promise<void> {
    this.#isClosed = true
    try {
      if (this.#unsynced.size > 0) await this.syncBlobs()
    } finally {
      await Promise.all([...this.#syncs.values()].map((sync) => sync.close()))
    }
  }

  #isUsed(algorithm: Algorithm): boolean {
    if (!this.#used.has(algorithm) && isEmptyDirectory(this.blobs(algorithm))) return false
    this.#used.add(algorithm)
    return true
  }
}
