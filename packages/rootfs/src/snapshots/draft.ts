import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatOwner, livenessOf, parseOwner, thisProcess } from '@dist/locks'
import type { Digest } from '@dist/oci'
import { failedWith, fileError } from '../errors.js'
import { formatRecord, recordFile, rootDirectory, type Snapshot, type SnapshotRecord } from './snapshot.js'
import { copySnapshot, removeTree } from './tree.js'

/** A root filesystem in the making, invisible to others. Disposing removes it unless it was published. */
export class Draft implements AsyncDisposable {
  #published = false

  /** `directory` must not exist, its parent must. */
  constructor(
    private readonly directory: string,
    private readonly pathOf: (chainID: Digest) => string,
  ) {}

  /** The directory of the root filesystem. */
  get path(): string {
    return join(this.directory, rootDirectory)
  }

  /** Starts with a copy of the parent, or with an empty root. Throws what `copySnapshot` throws. */
  async fill(parent: Snapshot | undefined, signal?: AbortSignal): Promise<void> {
    try {
      mkdirSync(this.directory, 0o700)
      if (parent === undefined) makeRoot(this.path)
    } catch (error) {
      throw fileError(`${this.directory}: make failed`, error)
    }
    if (parent !== undefined) await copySnapshot(parent, this.path, signal)
  }

  /**
   * Makes it visible as a snapshot. False when another process was first: the draft then equals a copy of that snapshot.
   * After a crash before the rename nothing is visible; after it the snapshot is complete.
   */
  async publish(record: SnapshotRecord): Promise<boolean> {
    const target = this.pathOf(record.chainID)
    try {
      await writeFile(join(this.directory, recordFile), formatRecord(record))
      await rename(this.directory, target)
      this.#published = true
      return true
    } catch (error) {
      if (failedWith(error, 'ENOTEMPTY', 'EEXIST')) return false
      throw fileError(`${target}: make failed`, error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#published) await removeTree(this.directory)
  }
}

function makeRoot(path: string): void {
  mkdirSync(path)
  // Independent of the umask.
  chmodSync(path, 0o755)
}

/** A name for a directory in the making: its maker and `-<random>`, so that those of dead processes can be removed. */
export function draftName(): string {
  return `${formatOwner(thisProcess())}-${randomBytes(6).toString('hex')}`
}

/** Milliseconds that a draft is kept if its maker may still be alive (another machine): longer than any unpacking. */
const unknownOwnerGraceMs = 7 * 24 * 60 * 60 * 1000

/** Whether a name is that of a draft whose maker is dead. `madeAt` in milliseconds since 1970. */
export function isAbandoned(name: string, madeAt: number): boolean {
  const [, text = ''] = /^(.*)-[0-9a-f]{12}$/.exec(name) ?? []
  const maker = parseOwner(text)
  if (maker === undefined) return false
  const liveness = livenessOf(maker)
  return liveness === 'unknown' ? Date.now() - madeAt > unknownOwnerGraceMs : liveness === 'dead'
}
