import { existsSync, readdirSync } from 'node:fs'
import { lstat, readdir, readFile, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DistError, sanitize } from '@dist/errdefs'
import { algorithmOf, algorithms, type Digest, encodedOf, parseDigest } from '@dist/oci'
import { failedWith, fileError } from '../errors.js'
import { makeDirectory } from './directories.js'
import { Draft } from './draft.js'
import { draftName, isAbandoned } from './draft-name.js'
import { parseRecord, recordFile, rootFolder, type Snapshot } from './snapshot.js'
import { removeTree } from './tree.js'

const draftsFolder = 'drafts'

/** What of a listing cannot be read, by its path. */
export interface DamagedSnapshot {
  readonly path: string
  readonly error: DistError
}

/**
 * A directory of snapshots: `<algorithm>/<hex of the chain ID>/fs` is a root filesystem, `snapshot.json` beside it says
 * what it was made of. A snapshot is made under `drafts/` and renamed when it is whole: kill -9 at any point leaves
 * it absent or whole, and of two who make the same at a time one is first. Nothing is fsynced: what a power failure
 * damaged is removed and unpacked again.
 */
export class Snapshots {
  /** Absolute. */
  readonly root: string

  /** The directory need not be there: it is made with the first draft. */
  constructor(root: string) {
    this.root = resolve(root)
  }

  /** Undefined where it is not there. Throws `MALFORMED` for one that is damaged. */
  async find(chainID: Digest): Promise<Snapshot | undefined> {
    const directory = this.#directory(chainID)
    try {
      const record = parseRecord(await readFile(join(directory, recordFile), 'utf8'), directory)
      return { ...record, path: join(directory, rootFolder) }
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return undefined
      throw fileError(`reading ${directory}`, error)
    }
  }

  /** All snapshots, the oldest first; `onDamaged` is told what cannot be read. */
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
   * The chain ID that somebody means by its beginning, with or without the algorithm, at least 4 digits of it. Throws
   * `NOT_FOUND`; `INVALID_ARGUMENT` when several begin so, and for what cannot be the beginning of one.
   */
  async resolve(text: string): Promise<Digest> {
    const [, algorithm = 'sha256', digits = ''] = /^(?:(sha256|sha512):)?([0-9a-f]{4,128})$/.exec(text) ?? []
    if (digits === '') {
      const shown = sanitize(text, 140)
      throw new DistError(
        'INVALID_ARGUMENT',
        `"${shown}" is not the beginning of a chain ID (at least 4 hex digits)`,
      )
    }
    const found = (await this.#chainIDs()).filter((chainID) => chainID.startsWith(`${algorithm}:${digits}`))
    const [chainID, other] = found
    if (chainID === undefined)
      throw new DistError('NOT_FOUND', `no snapshot ${algorithm}:${digits} is in ${this.root}`)
    if (other !== undefined)
      throw new DistError('INVALID_ARGUMENT', `${text} could be ${found.length} snapshots: give more of it`)
    return chainID
  }

  /** Removes a snapshot; those made from it stay, for they are copies. Throws `NOT_FOUND`. */
  async remove(chainID: Digest): Promise<void> {
    const directory = this.#directory(chainID)
    if (!existsSync(directory)) throw new DistError('NOT_FOUND', `no snapshot ${chainID} is in ${this.root}`)
    const trashDir = this.#draft()
    try {
      // At once, and only then piece by piece: nobody finds half a snapshot.
      await rename(directory, trashDir)
    } catch (error) {
      if (failedWith(error, 'ENOENT'))
        throw new DistError('NOT_FOUND', `no snapshot ${chainID} is in ${this.root}`, { cause: error })
      throw fileError(`removing ${directory}`, error)
    }
    await removeTree(trashDir)
  }

  /**
   * A private copy of a snapshot to work on, or an empty root filesystem. Throws `INVALID_ARGUMENT` where the
   * directory holds something else than snapshots, `UNAVAILABLE` when the snapshot is removed meanwhile.
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

  /** Removes what dead processes left. */
  async sweep(): Promise<void> {
    await sweepDrafts(join(this.root, draftsFolder))
  }

  #directory(chainID: Digest): string {
    return join(this.root, algorithmOf(chainID), encodedOf(chainID))
  }

  #draft(): string {
    return join(this.root, draftsFolder, draftName())
  }

  async #chainIDs(): Promise<Digest[]> {
    const lists = algorithms.map(async (algorithm) => {
      const names = await listing(join(this.root, algorithm))
      return names.flatMap((name) => digestNamed(`${algorithm}:${name}`))
    })
    return (await Promise.all(lists)).flat()
  }

  #create(): void {
    try {
      makeDirectory(this.root)
      this.#refuseForeign()
      for (const folder of [...algorithms, draftsFolder]) makeDirectory(join(this.root, folder), 1)
    } catch (error) {
      throw fileError(`making snapshots in ${this.root}`, error)
    }
  }

  /** A mistyped path must not fill somebody else's directory. */
  #refuseForeign(): void {
    const own = new Set<string>([...algorithms, draftsFolder, 'lost+found'])
    const foreign = readdirSync(this.root).find((name) => !own.has(name))
    if (foreign === undefined) return
    throw new DistError(
      'INVALID_ARGUMENT',
      `${this.root} is neither empty nor a directory of snapshots (it holds ${sanitize(foreign, 60)}): choose another`,
    )
  }
}

/** Removes the drafts in a directory whose makers are gone. */
export async function sweepDrafts(directory: string, prefix = ''): Promise<void> {
  for (const name of await listing(directory)) {
    if (!name.startsWith(prefix)) continue
    const path = join(directory, name)
    const made = await lstat(path).catch(() => undefined)
    if (made === undefined || !isAbandoned(name.slice(prefix.length), made.mtimeMs)) continue
    // Another process may be at it too, or a copy that outlived its maker: the next sweep finds what is left.
    await removeTree(path).catch(() => {})
  }
}

async function listing(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return []
    throw fileError(`reading ${directory}`, error)
  }
}

function digestNamed(text: string): Digest[] {
  try {
    return [parseDigest(text)]
  } catch {
    return []
  }
}
