import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { thisProcess } from '@dist/locks'
import type { Digest } from '@dist/oci'
import type { StoreDirectory } from '../store-directory.js'
import type { DraftBytes } from './draft.js'
import { type Entry, formatEntry, recordFile } from './entry.js'
import { Spool } from './spool.js'

/** The bytes of a draft in the data file of an entry in `ingest/`, visible to other processes. */
export class SpooledBytes implements DraftBytes {
  readonly isFull = false
  readonly #spool: Spool
  readonly #data: string
  readonly #record: string

  private constructor(
    private readonly directory: StoreDirectory,
    private readonly entry: Entry,
    flags: 'wx' | 'r+',
    offset: number,
  ) {
    this.#data = join(directory.ingest, entry.data)
    this.#record = join(directory.ingest, recordFile(entry.ref))
    this.#spool = new Spool(directory.files, this.#open(flags), offset)
  }

  /** Makes a new entry. A failure to make it shows in the next step that waits for the disk. */
  static create(directory: StoreDirectory, entry: Entry, chunks: readonly Uint8Array[]): SpooledBytes {
    const bytes = new SpooledBytes(directory, entry, 'wx', 0)
    bytes.#spool.add(chunks)
    return bytes
  }

  /** Opens the data file of an existing entry, to append after its first `offset` bytes. */
  static async resume(directory: StoreDirectory, entry: Entry, offset: number): Promise<SpooledBytes> {
    const bytes = new SpooledBytes(directory, entry, 'r+', offset)
    await bytes.#spool.opened()
    return bytes
  }

  get isPending(): boolean {
    return this.#spool.pending > 0
  }

  toFile(): SpooledBytes {
    return this
  }

  /** Writes what is pending. */
  flush(): Promise<void> {
    return this.#spool.start()
  }

  append(chunk: Uint8Array): Promise<void> {
    return this.#spool.append(chunk)
  }

  truncate(): Promise<void> {
    return this.#spool.truncate()
  }

  async commit(digest: Digest): Promise<void> {
    const { files } = this.directory
    await this.#spool.end(true)
    await files.rename(this.#data, this.directory.blob(digest))
    // The content is committed. A record without data counts as none, and a sweep removes it.
    await files.unlink(this.#record).catch(() => {})
  }

  /** Closes the file and leaves the entry to a later write of the same ref. */
  async keep(): Promise<void> {
    await this.#spool.end(false)
    this.#writeRecord(false)
  }

  async discard(ownsRecord: boolean): Promise<void> {
    const { files } = this.directory
    await this.#spool.drop()
    await files.unlink(this.#data).catch(() => {})
    if (ownsRecord) await files.unlink(this.#record).catch(() => {})
  }

  /** The record comes first, so that no data file exists without a record that names it. */
  async #open(flags: 'wx' | 'r+'): Promise<number> {
    this.#writeRecord(true)
    return await this.directory.files.open(this.#data, flags)
  }

  #writeRecord(live: boolean): void {
    const writer = live ? thisProcess() : undefined
    writeFileSync(this.#record, formatEntry({ ...this.entry, writer }))
  }
}
