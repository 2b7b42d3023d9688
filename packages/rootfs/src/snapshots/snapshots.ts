import { existsSync, readdirSync } from 'node:fs'
import { lstat, readdir, readFile, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DistError, sanitize } from '@dist/errdefs'
import { algorithmOf, algorithms, type Digest, encodedOf, parseDigest } from '@dist/oci'
import { failedWith, fileError } from '../errors.js'
import { Draft, draftName, isAbandoned } from './draft.js'
import { parseRecord, recordFile, rootDirectory, type Snapshot } from './snapshot.js'
import { makeDirectory, removeTree } from './tree.js'

const draftsDirectory = 'drafts'

/** A snapshot that cannot be read. */
export interface DamagedSnapshot {
  readonly path: string
  readonly error: DistError
}

/**
 * A directory of snapshots: `<algorithm>/<hex of the chain ID>/fs` is a root filesystem, `snapshot.json` beside it its
 * record. A snapshot is made in `drafts/` and renamed when it is complete: after kill -9 at any point it is missing or
 * complete, and of two processes that make the same one the first wins. There is no fsync: a snapshot that a power failure
 * damaged is removed and unpacked again.
 */
export class Snapshots {
  /** Absolute. */
  readonly root: string

  /** The directory need not exist: the first draft makes it. */
  constructor(root: string) {
    this.root = resolve(root)
  }

  /** The snapshot of a chain ID; undefined if there is none. Throws `MALFORMED` for a damaged one. */
  async find(chainID: Digest): Promise<Snapshot | undefined> {
    const directory = this.#directory(chainID)
    try {
      const record = parseRecord(await readFile(join(directory, recordFile), 'utf8'), directory)
      return { ...record, path: join(directory, rootDirectory) }
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return undefined
      throw fileError(`${directory}: read failed`, error)
    }
  }

  /** All snapshots, the oldest first. Calls `onDamaged` for those that cannot be read. */
  async list(onDamaged: (damaged: DamagedSnapshot) => void = () => {}): Promise<Snapshot[]> {
    const snapshots: Snapshot[] = []
    for (const chainID of await this.#chainIDs()) {
      try {
        const snapshot = await this.find(chainID)
        if (snapshot !== undefined) snapshots.push(snapshot)
      } catch (error) {
        if (!(error instanceof DistError)) throw error
        onDamaged({ path: this.#directory(chainID), error })
      }
    }
    return snapshots.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
  }

  /**
   * The chain ID with this prefix: at least 4 digits, with or without the algorithm. Throws `NOT_FOUND`;
   * `INVALID_ARGUMENT` for an ambiguous prefix, and for an invalid one.
   */
  async resolve(text: string): Promise<Digest> {
    const [, algorithm = 'sha256', digits = ''] = /^(?:(sha256|sha512):)?([0-9a-f]{4,128})$/.exec(text) ?? []
    if (digits === '') {
      const shown = sanitize(text, 140)
      throw new DistError(
        'INVALID_ARGUMENT',
        `"${shown}": not the beginning of a chain ID (at least 4 hex digits)`,
      )
    }
    const found = (await this.#chainIDs()).filter((chainID) => chainID.startsWith(`${algorithm}:${digits}`))
    const [chainID, other] = found
    if (chainID === undefined)
      throw new DistError('NOT_FOUND', `${algorithm}:${digits}: no such snapshot in ${this.root}`)
    if (other !== undefined)
      throw new DistError('INVALID_ARGUMENT', `${text} could be ${found.length} snapshots; give more digits`)
    return chainID
  }

  /** Removes a snapshot. Those made from it stay, since they are copies. Throws `NOT_FOUND`. */
  async remove(chainID: Digest): Promise<void> {
    const directory = this.#directory(chainID)
    if (!existsSync(directory))
      throw new DistError('NOT_FOUND', `${chainID}: no such snapshot in ${this.root}`)
    const trashDir = this.#draft()
    try {
      // Renamed first, so that a partial snapshot is never visible.
      await rename(directory, trashDir)
    } catch (error) {
      if (failedWith(error, 'ENOENT'))
        throw new DistError('NOT_FOUND', `${chainID}: no such snapshot in ${this.root}`, { cause: error })
      throw fileError(`${directory}: remove failed`, error)
    }
    await removeTree(trashDir)
  }

  /**
   * A private copy of a snapshot to work on, or an empty root filesystem. Throws `INVALID_ARGUMENT` where the directory
   * contains other files, `UNAVAILABLE` when the snapshot is removed meanwhile.
   */
  async draft(parent: Snapshot | undefined, signal?: AbortSignal): Promise<Draft> {
    this.#create()
    const draft = new Draft(this.#draft(), (chainID) => this.#directory(chainID))
    try {
      await draft.fill(parent, signal)
      return draft
    } catch (error) {
      await draft[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Removes drafts of dead processes. */
  async sweep(): Promise<void> {
    await sweepDrafts(join(this.root, draftsDirectory))
  }

  #directory(chainID: Digest): string {
    return join(this.root, algorithmOf(chainID), encodedOf(chainID))
  }

  #draft(): string {
    return join(this.root, draftsDirectory, draftName())
  }

  async #chainIDs(): Promise<Digest[]> {
    const lists = algorithms.map(async (algorithm) => {
      const names = await list(join(this.root, algorithm))
      return names.flatMap((name) => parseDigestOrNone(`${algorithm}:${name}`))
    })
    return (await Promise.all(lists)).flat()
  }

  #create(): void {
    try {
      makeDirectory(this.root)
      this.#refuseForeign()
      for (const folder of [...algorithms, draftsDirectory]) makeDirectory(join(this.root, folder), 1)
    } catch (error) {
      throw fileError(`${this.root}: make failed`, error)
    }
  }

  /** A mistyped path must not fill a directory with other files. */
  #refuseForeign(): void {
    const own = new Set<string>([...algorithms, draftsDirectory, 'lost+found'])
    const foreign = readdirSync(this.root).find((name) => !own.has(name))
    if (foreign === undefined) return
    throw new DistError(
      'INVALID_ARGUMENT',
      `${this.root}: neither empty nor a directory of snapshots: it contains ${sanitize(foreign, 60)}; choose another directory`,
    )
  }
}

/** Removes the drafts of dead processes in a directory. */
export async function sweepDrafts(directory: string, prefix = ''): Promise<void> {
  for (const name of await list(directory)) {
    if (!name.startsWith(prefix)) continue
    const path = join(directory, name)
    const made = await lstat(path).catch(() => undefined)
    if (made === undefined || !isAbandoned(name.slice(prefix.length), made.mtimeMs)) continue
    // Another process may remove it too, or a `cp` of a dead process may still write. The next sweep removes the rest.
    await removeTree(path).catch(() => {})
  }
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return []
    throw fileError(`${directory}: read failed`, error)
  }
}

function parseDigestOrNone(text: string): Digest[] {
  try {
    return [parseDigest(text)]
  } catch {
    return []
  }
}
