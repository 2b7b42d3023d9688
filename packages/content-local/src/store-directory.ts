import { join } from 'node:path'
import { type Algorithm, algorithmOf, type Digest, encodedOf } from '@dist/oci'
import { DirectorySync } from './files/directories.js'
import type { FileOperations } from './files/operations.js'

/** The directory of a store: its paths, and how its files are written and synced. */
export class StoreDirectory {
  readonly ingest: string
  readonly locks: string
  readonly #syncs = new Map<string, DirectorySync>()

  constructor(
    /** Absolute. */
    readonly root: string,
    readonly files: FileOperations,
  ) {
    this.ingest = join(root, 'ingest')
    this.locks = join(root, 'locks')
  }

  blobs(algorithm: Algorithm): string {
    return join(this.root, 'blobs', algorithm)
  }

  blob(digest: Digest): string {
    return join(this.blobs(algorithmOf(digest)), encodedOf(digest))
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

  async close(): Promise<void> {
    await Promise.all([...this.#syncs.values()].map((sync) => sync.close()))
  }
}
