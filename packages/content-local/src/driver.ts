import type { Draft, Driver, Expected, Info, ReadOptions, Status, WriteOptions } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { deleteBlob, listBlobs, readBlob, statBlob } from './blobs.js'
import { storeError } from './files/errors.js'
import { LocalDraft } from './ingest/draft.js'
import { findEntry, lockKey, recordFile } from './ingest/entry.js'
import { removeEntry, resumeEntry } from './ingest/resume.js'
import { entryStatuses } from './ingest/statuses.js'
import { type Swept, sweepIngest } from './ingest/sweep.js'
import type { LocalLocker } from './locker/locker.js'
import type { Place } from './place.js'

/** Content in a directory, an OCI image layout. */
export class LocalDriver implements Driver {
  readonly #drafts = new Map<string, LocalDraft>()

  constructor(
    private readonly place: Place,
    private readonly locker: LocalLocker,
  ) {}

  async stat(digest: Digest): Promise<Info | undefined> {
    return statBlob(this.place, digest)
  }

  read(digest: Digest, options: ReadOptions): Promise<AsyncIterable<Uint8Array>> {
    return readBlob(this.place, digest, options)
  }

  async *walk(): AsyncIterable<Info> {
    for (const digest of await listBlobs(this.place)) {
      const info = statBlob(this.place, digest)
      if (info !== undefined) yield info
    }
  }

  async delete(digest: Digest): Promise<boolean> {
    return deleteBlob(this.place, digest)
  }

  async draft(ref: string, expected: Expected, { signal }: WriteOptions): Promise<Draft> {
    const lock = await this.locker.acquire(lockKey(ref), { wait: 0, ...(signal && { signal }) })
    try {
      this.#refuseCommitted(expected)
      const resumed = await resumeEntry(this.place.ingest, ref, expected)
      const draft = new LocalDraft(this.place, ref, expected, lock, () => this.#drafts.delete(ref), resumed)
      this.#drafts.set(ref, draft)
      return draft
    } catch (error) {
      await lock.release()
      throw storeError(this.place.root, `writing ${ref}`, error)
    }
  }

  /** Whoever held the ref until now may have committed what is expected since the store was looked into. */
  #refuseCommitted({ digest, size }: Expected): void {
    const info = digest === undefined ? undefined : statBlob(this.place, digest)
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
    const found = findEntry(this.place.ingest, record)
    if (found === undefined) throw new DistError('NOT_FOUND', `no write has the ref ${ref}`)
    removeEntry(this.place.ingest, record, found.entry)
  }

  /** Removes what abandoned writes left that did not change for `olderThan` milliseconds; spares live ones. */
  async sweep(olderThan: number): Promise<Swept[]> {
    try {
      this.locker.sweep()
      return await sweepIngest(this.place.ingest, this.locker, olderThan)
    } catch (error) {
      throw storeError(this.place.root, 'sweeping', error)
    }
  }

  #entries(): Status[] {
    try {
      return entryStatuses(this.place.ingest, this.locker)
    } catch (error) {
      throw storeError(this.place.root, 'listing writes under way', error)
    }
  }
}
