import type { Draft, Driver, Expected, Info, ReadOptions, Status, Swept, WriteOptions } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { LossyLock } from '@dist/locks'
import type { Digest } from '@dist/oci'
import { deleteBlob, listBlobs, readBlob, statBlob } from './blobs.js'
import { storeError } from './files/errors.js'
import { LocalDraft } from './ingest/draft.js'
import { entryStatuses, removeEntry } from './ingest/entries.js'
import { findEntry, lockKey, newEntry, recordFile } from './ingest/entry.js'
import { takeOverEntry } from './ingest/resume.js'
import { sweepIngest } from './ingest/sweep.js'
import type { LocalLocker } from './locker/locker.js'
import type { StoreDirectory } from './store-directory.js'

/** Content in a directory that is an OCI image layout. */
export class LocalDriver implements Driver {
  readonly #drafts = new Map<string, LocalDraft>()

  constructor(
    private readonly directory: StoreDirectory,
    private readonly locker: LocalLocker,
  ) {}

  async stat(digest: Digest): Promise<Info | undefined> {
    return statBlob(this.directory, digest)
  }

  read(digest: Digest, options: ReadOptions): Promise<AsyncIterable<Uint8Array>> {
    return readBlob(this.directory, digest, options)
  }

  async *walk(): AsyncIterable<Info> {
    for (const digest of await listBlobs(this.directory)) {
      const info = statBlob(this.directory, digest)
      if (info !== undefined) yield info
    }
  }

  async delete(digest: Digest): Promise<boolean> {
    return deleteBlob(this.directory, digest)
  }

  async draft(ref: string, expected: Expected, { signal }: WriteOptions): Promise<Draft> {
    const lock = await this.locker.acquire(lockKey(ref), { wait: 0, signal })
    try {
      this.#refuseCommitted(expected)
      const draft = await this.#openDraft(ref, expected, lock)
      this.#drafts.set(ref, draft)
      return draft
    } catch (error) {
      await lock.release()
      throw storeError(this.directory.root, `write ${ref}`, error)
    }
  }

  async #openDraft(ref: string, expected: Expected, lock: LossyLock): Promise<LocalDraft> {
    const { directory } = this
    const onClose = () => void this.#drafts.delete(ref)
    const resumable = await takeOverEntry(directory.ingest, ref, expected)
    return resumable === undefined
      ? LocalDraft.create(directory, newEntry(ref, expected), lock, onClose)
      : await LocalDraft.resume(directory, resumable.entry, resumable.offset, lock, onClose)
  }

  /** The previous holder of the ref may have committed the expected content since the store was checked. */
  #refuseCommitted({ digest, size }: Expected): void {
    const info = digest === undefined ? undefined : statBlob(this.directory, digest)
    if (info !== undefined && (size === undefined || size === info.size))
      throw new DistError('ALREADY_EXISTS', `${digest} is in the store`)
  }

  async *statuses(): AsyncIterable<Status> {
    const own = [...this.#drafts.values()].map((draft) => draft.status)
    yield* own
    const refs = new Set(own.map(({ ref }) => ref))
    for (const status of this.#entries()) if (!refs.has(status.ref)) yield status
  }

  async discard(ref: string): Promise<void> {
    await using _ = await this.locker.acquire(lockKey(ref), { wait: 0 })
    const record = recordFile(ref)
    const found = findEntry(this.directory.ingest, record)
    if (found === undefined) throw new DistError('NOT_FOUND', `write ${ref}: no such write in the store`)
    removeEntry(this.directory.ingest, record, found.entry)
  }

  /** Removes remains of writes that did not change for `olderThan` milliseconds. Keeps those of live writes. */
  async sweep(olderThan: number): Promise<Swept[]> {
    try {
      this.locker.sweep()
      return await sweepIngest(this.directory.ingest, this.locker, olderThan)
    } catch (error) {
      throw storeError(this.directory.root, 'sweep', error)
    }
  }

  #entries(): Status[] {
    try {
      return entryStatuses(this.directory.ingest, this.locker)
    } catch (error) {
      throw storeError(this.directory.root, 'list of writes', error)
    }
  }
}
