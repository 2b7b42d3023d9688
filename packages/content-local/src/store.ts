import { resolve } from 'node:path'
import { type ContentStore, createStore, type Names } from '@dist/content'
import type { Locker } from '@dist/locks'
import type { Digest } from '@dist/oci'
import { LocalDriver } from './driver.js'
import { type FileOperations, nodeFiles } from './files/operations.js'
import type { Swept } from './ingest/sweep.js'
import { createLayout, giveId, hasLayout, readLayout } from './layout.js'
import { LocalLocker } from './locker/locker.js'
import { LocalNames } from './names/names.js'
import { Place } from './place.js'

export interface LocalStoreOptions {
  /**
   * Whether a store is made where there is none. Default true. Without it nothing is written at opening: a store
   * that is not there reads as an empty one, and one that is read-only can be read.
   */
  create?: boolean | undefined
  /** Milliseconds without a heartbeat after which a holder of a lock that cannot be asked counts as dead. 30,000. */
  lockTtl?: number | undefined
  /** For tests that make a disk fail. */
  files?: FileOperations | undefined
}

export interface LocalStore extends AsyncDisposable {
  /** Absolute. */
  readonly root: string
  /** Random, given once; undefined while nothing has created the store. */
  readonly id: string | undefined
  /** Whether there was an OCI image layout when it was opened, of ours or of another tool, or one has been made. */
  readonly exists: boolean
  readonly content: ContentStore
  readonly names: Names
  /** Locks between all processes and threads that use this store. */
  readonly locker: Locker
  /** The file of committed content; it need not be there. */
  pathOf(digest: Digest): string
  /**
   * Removes what abandoned writes left and nobody has touched for `olderThan` milliseconds. Writes under way are
   * spared, whatever their age.
   */
  sweep(olderThan: number): Promise<Swept[]>
  /** Lets go of directories and timers. Writers that are still open stay usable. */
  close(): Promise<void>
}

/**
 * Opens the store in a directory. Throws `NOT_IMPLEMENTED` for a newer layout version, `INVALID_ARGUMENT` for a
 * directory that is neither empty nor an OCI image layout, `PERMISSION_DENIED` where a store would have to be made
 * and cannot.
 */
export async function openLocalStore(root: string, options: LocalStoreOptions = {}): Promise<LocalStore> {
  const place = new Place(resolve(root), options.files ?? nodeFiles)
  const locker = new LocalLocker(place.locks, { ttl: options.lockTtl })
  const names = new LocalNames(place, locker)
  let id = readLayout(place)
  const exists = options.create !== false || hasLayout(place)
  if (options.create !== false) {
    createLayout(place)
    // The id comes last: a store that has one has everything else.
    if (id === undefined) {
      await names.create()
      id = await giveId(place, locker)
    }
  }
  const driver = new LocalDriver(place, locker)
  const close = async () => {
    locker.close()
    await place.close()
  }
  return {
    root: place.root,
    id,
    exists,
    content: createStore(driver),
    names,
    locker,
    pathOf: (digest) => place.blob(digest),
    sweep: (olderThan) => driver.sweep(olderThan),
    close,
    [Symbol.asyncDispose]: close,
  }
}
