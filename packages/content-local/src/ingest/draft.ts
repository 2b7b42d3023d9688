import { join } from 'node:path'
import { type Draft, type Info, type Status, statusOf } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import type { LossyLock } from '@dist/locks'
import type { Digest } from '@dist/oci'
import { storeError } from '../files/errors.js'
import { readRange } from '../files/read.js'
import type { StoreDirectory } from '../store-directory.js'
import type { Entry } from './entry.js'
import { MemoryBytes } from './memory-bytes.js'
import { SpooledBytes } from './spooled-bytes.js'

/** Where the bytes of a draft are until the commit: in memory, or in a data file. */
export interface DraftBytes {
  /** Whether they have to go to a file now. */
  readonly isFull: boolean
  /** Whether bytes, or the entry itself, are not on disk yet. */
  readonly isPending: boolean
  append(chunk: Uint8Array): Promise<void>
  truncate(): Promise<void>
  /** Makes the bytes durable, and moves them to their final name. */
  commit(digest: Digest): Promise<void>
  toFile(): SpooledBytes
  /**
   * Removes what is on disk. A sweep removes what cannot be removed here. `ownsRecord` is false once the lock is lost:
   * the record may be another writer's then.
   */
  discard(ownsRecord: boolean): Promise<void>
}

/** Milliseconds after which received bytes go to disk and other processes see the draft. */
const settleTimeMs = 200

/**
 * One write. Its bytes stay in memory while they are few and the write is quick; they get an entry in `ingest/` when
 * they are more than 1 MiB or the write takes longer than 200 ms.
 */
export class LocalDraft implements Draft {
  readonly ref: string
  readonly startedAt: Date
  #bytes: DraftBytes
  #size: number
  #updatedAt = new Date()
  #timer: NodeJS.Timeout | undefined
  #failure: DistError | undefined
  #ending: Promise<void> | undefined

  private constructor(
    private readonly directory: StoreDirectory,
    private readonly entry: Entry,
    bytes: DraftBytes,
    /** Bytes of an earlier write that this one resumes. */
    readonly offset: number,
    private readonly lock: LossyLock,
    private readonly onClose: () => void,
  ) {
    this.ref = entry.ref
    this.startedAt = entry.startedAt
    this.#bytes = bytes
    this.#size = offset
    this.#settleLater()
  }

  /** A new draft, in memory. The lock of its ref must be held; the draft releases it. */
  static create(directory: StoreDirectory, entry: Entry, lock: LossyLock, onClose: () => void): LocalDraft {
    return new LocalDraft(directory, entry, new MemoryBytes(directory, entry), 0, lock, onClose)
  }

  /** A draft that appends to the first `offset` bytes of an existing entry. The lock as for `create`. */
  static async resume(
    directory: StoreDirectory,
    entry: Entry,
    offset: number,
    lock: LossyLock,
    onClose: () => void,
  ): Promise<LocalDraft> {
    const bytes = await SpooledBytes.resume(directory, entry, offset)
    return new LocalDraft(directory, entry, bytes, offset, lock, onClose)
  }

  get status(): Status {
    const { ref, startedAt } = this
    const { expected } = this.entry
    return statusOf({ ref, offset: this.#size, expected, startedAt, updatedAt: this.#updatedAt, live: true })
  }

  replay(): AsyncIterable<Uint8Array> {
    return readRange(join(this.directory.ingest, this.entry.data), 0, this.offset)
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#check()
    this.#size += chunk.byteLength
    this.#updatedAt = new Date()
    await this.#guard(async () => {
      await this.#bytes.append(chunk)
      if (this.#bytes.isFull) await this.#settle()
    })
    this.#settleLater()
  }

  async truncate(): Promise<void> {
    this.#check()
    this.#size = 0
    await this.#guard(() => this.#bytes.truncate())
  }

  async commit(digest: Digest, size: number): Promise<Info> {
    this.#check()
    await this.#guard(async () => {
      this.#stopTimer()
      await this.#bytes.commit(digest)
      await this.directory.added(digest)
    })
    await this.#end(async () => {})
    return { digest, size, committedAt: new Date() }
  }

  async close(keep: boolean): Promise<void> {
    // Without an expected digest a later write could not verify what it resumes.
    const isResumable = keep && this.entry.expected.digest !== undefined && this.#size > 0
    await this.#end(async () => {
      if (!(isResumable && (await this.#keep()))) await this.#discard()
    })
  }

  /** Whether the bytes are kept for a later write. */
  async #keep(): Promise<boolean> {
    if (this.lock.signal.aborted) return false
    try {
      const file = this.#bytes.toFile()
      this.#bytes = file
      await file.keep()
      return true
    } catch {
      return false
    }
  }

  #discard(): Promise<void> {
    return this.#bytes.discard(!this.lock.signal.aborted)
  }

  /** Makes the entry if there is none, and writes pending bytes to it. */
  async #settle(): Promise<void> {
    const file = this.#bytes.toFile()
    this.#bytes = file
    await file.flush()
  }

  #settleLater(): void {
    if (this.#timer !== undefined || this.#ending !== undefined || !this.#bytes.isPending) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#settle().catch((error: unknown) => this.#fail(error))
    }, settleTimeMs).unref()
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Runs a step. A failure ends the draft and removes its bytes. */
  async #guard(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      await this.#fail(error)
      throw this.#failure
    }
  }

  async #fail(error: unknown): Promise<void> {
    this.#failure ??= storeError(this.directory.root, `write ${this.ref}`, error)
    await this.#end(() => this.#discard())
  }

  /** Ends the draft once, and frees its ref after the last step. Later calls wait for the first. */
  #end(lastStep: () => Promise<void>): Promise<void> {
    this.#ending ??= this.#run(lastStep)
    return this.#ending
  }

  async #run(lastStep: () => Promise<void>): Promise<void> {
    this.#stopTimer()
    await lastStep()
    this.onClose()
    await this.lock.release().catch(() => {})
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ending !== undefined) throw new DistError('INTERNAL', `write ${this.ref} is closed`)
    throwIfAborted(this.lock.signal)
  }
}
