import { chmodSync, mkdirSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '@dist/oci'
import { failedWith, fileError } from '../errors.js'
import { copySnapshot } from './copy.js'
import { formatRecord, recordFile, rootFolder, type Snapshot, type SnapshotRecord } from './snapshot.js'
import { removeTree } from './tree.js'

/** A root filesystem in the making, which nobody else sees. Disposing throws away what was not published. */
export class Draft implements AsyncDisposable {
  #published = false

  /** `directory` must not exist, the one above it must. */
  constructor(
    private readonly directory: string,
    private readonly placeOf: (chainID: Digest) => string,
  ) {}

  /** The directory that is its root. */
  get path(): string {
    return join(this.directory, rootFolder)
  }

  /** Begins with a copy of the parent, or with an empty root. Throws what `copySnapshot` throws. */
  async fill(parent: Snapshot | undefined, signal?: AbortSignal): Promise<void> {
    try {
      mkdirSync(this.directory, 0o700)
      if (parent === undefined) makeRoot(this.path)
    } catch (error) {
      throw fileError(`making ${this.directory}`, error)
    }
    if (parent !== undefined) await copySnapshot(parent, this.path, signal)
  }

  /**
   * Makes it visible as a snapshot. False when another process was first: then the draft stays what it is, as good as
   * a copy of the other's. A crash before the rename leaves nothing that anybody sees, one after it all of it.
   */
  async publish(record: SnapshotRecord): Promise<boolean> {
    const place = this.placeOf(record.chainID)
    try {
      await writeFile(join(this.directory, recordFile), formatRecord(record))
      await rename(this.directory, place)
      this.#published = true
      return true
    } catch (error) {
      if (failedWith(error, 'ENOTEMPTY', 'EEXIST')) return false
      throw fileError(`making ${place}`, error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#published) await removeTree(this.directory)
  }
}

function makeRoot(path: string): void {
  mkdirSync(path)
  // Whatever the umask is.
  chmodSync(path, 0o755)
}
