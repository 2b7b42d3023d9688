import { resolve } from 'node:path'
import {
  Collection,
  type ContentStore,
  createLedgers,
  createStore,
  Lease,
  type LeaseSettings,
  type Ledgers,
  leasedContent,
  leasedNames,
  type Names,
  type Swept,
  Withheld,
} from '@dist/content'
import { formatOwner, hasEnded, type Locker, thisProcess } from '@dist/locks'
import type { Digest } from '@dist/oci'
import { setBlobAside } from './blobs.js'
import { LocalDriver } from './driver.js'
import { type FileOperations, nodeFiles } from './files/operations.js'
import { createId, createLayout, hasLayout, readLayout } from './layout.js'
import { localLedgerFiles } from './ledger-files.js'
import { LocalLocker } from './locker/locker.js'
import { LocalNames } from './names/names.js'
import { LocalNotes } from './notes.js'
import { StoreDirectory } from './store-directory.js'

export interface LocalStoreOptions {
  /**
   * Whether to create a missing store. Default true. With false, opening writes nothing: a missing store reads as an
   * empty one, and a read-only store can be read.
   */
  create?: boolean | undefined
  /** Milliseconds without a heartbeat after which a lock holder on another machine counts as dead. Default 30,000. */
  lockTtl?: number | undefined
  /** How processes find each other, for tests. Default: leases are renewed every 5 s. */
  leases?: LeaseSettings | undefined
  /** The system calls of writes, for tests that make a disk fail. Default: node:fs. */
  files?: FileOperations | undefined
}

export interface LocalStore extends AsyncDisposable {
  /** Absolute. */
  readonly root: string
  /** Random, set when the store is created; undefined if there is no store. */
  readonly id: string | undefined
  /** Whether the directory is an OCI image layout: it was one before, made by any tool, or opening made it one. */
  readonly exists: boolean
  readonly content: ContentStore
  readonly names: Names
  readonly ledgers: Ledgers
  /** Locks between all processes and threads that use this store. */
  readonly locker: Locker
  /** The path of committed content. The file need not exist. */
  pathOf(digest: Digest): string
  /**
   * Removes remains of writes that have not changed for `olderThan` milliseconds. Keeps those of live writes, whatever
   * their age.
   */
  sweep(olderThan: number): Promise<Swept[]>
  /** As in `Store`. */
  readonly withheld: Withheld
  /** As in `Store`. */
  setAside(digest: Digest): Promise<string>
  /** As in `Store`. */
  collect(): Promise<Collection>
  /**
   * Makes all content durable, completes `index.json`, closes directories and stops timers. Open writers stay usable. Throws
   * if `index.json` cannot be written; no name is lost then, and a later close completes it.
   */
  close(): Promise<void>
}

/**
 * Opens the store in a directory. Throws `NOT_IMPLEMENTED` for a newer layout version, `INVALID_ARGUMENT` for a directory
 * that is neither empty nor an OCI image layout, `PERMISSION_DENIED` where the store cannot be created or read.
 */
export async function openLocalStore(root: string, options: LocalStoreOptions = {}): Promise<LocalStore> {
  const directory = new StoreDirectory(resolve(root), options.files ?? nodeFiles)
  const locker = new LocalLocker(directory.locks, { ttl: options.lockTtl })
  const names = new LocalNames(directory, locker)
  let id = readLayout(directory)
  const exists = options.create !== false || hasLayout(directory)
  if (options.create !== false) {
    createLayout(directory)
    // The id comes last: a store with an id is complete.
    if (id === undefined) {
      await names.create()
      id = await createId(directory, locker)
    }
    names.repair()
  }
  const driver = new LocalDriver(directory, locker)
  const notes = new LocalNotes(directory)
  const leases = { owner: formatOwner(thisProcess()), isDead: hasEnded, renewal, ...options.leases }
  const lease = new Lease(notes, leases)
  const close = async () => {
    try {
      await lease.end()
      await names.close()
    } finally {
      locker.close()
      await directory.close()
    }
  }
  return {
    root: directory.root,
    id,
    exists,
    content: leasedContent(createStore(driver), lease),
    names: leasedNames(names, lease),
    ledgers: createLedgers(localLedgerFiles(directory)),
    locker,
    pathOf: (digest) => directory.blob(digest),
    sweep: (olderThan) => driver.sweep(olderThan),
    withheld: new Withheld(notes),
    setAside: (digest) => setBlobAside(directory, digest),
    collect: () => Collection.begin(notes, leases),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Milliseconds between two renewals of a lease: they cost little here, and collections wait for them. */
const renewal = 5_000
