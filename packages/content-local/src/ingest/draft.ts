import { join } from 'node:path'
import { type Draft, type Expected, type Info, type Status, statusOf } from '@dist/content'
import { DistError, isHeld } from '@dist/errdefs'
import { algorithmOf, type Digest } from '@dist/oci'
import { storeError } from '../files/errors.js'
import { readRange } from '../files/read.js'
import type { StoreDirectory } from '../store-directory.js'
import type { Entry } from './entry.js'
import { MemoryBytes, smallSize } from './memory-bytes.js'
import type { RefLock } from './ref-lock.js'
import { SpooledBytes } from './spooled-bytes.js'

/** Where the bytes of a draft are until the commit: in memory, or in a data file. */
export interface DraftBytes {
  /** Whether they have to go to a file now. */
  readonly isFull: boolean
  /** Whether bytes, or the entry itself, are not on disk yet. */
  readonly isPending: boolean
  append(chunk: Uint8Array): Promise<void>
  truncate(): Promise<void>
  /** Moves the bytes to their final name. The caller makes the rename durable. */
  commit(digest: Digest): Promise<void>
  toFile(): SpooledBytes
  /**
   * Removes what is on disk. A sweep removes what cannot be removed here. `ownsRecord` is false once the lock is lost:
   * the record may be another writer's then.
   */
  discard(ownsRecord: boolean): Promise<void>
}

/** Whether a write of this content needs no entry, unless it is slow. Then its ref has to be claimed only for an entry. */
export function staysInMemory({ size }: Expected): boolean {
  return size !== undefined && size <= smallSize
}

/** Milliseconds after which received bytes go to disk and other processes see the draft. */
const settleTimeMs = 200
/** The same of content that needs no entry: some round trips to a registry on another continent. */
const smallSettleTimeMs = 1_000

/**
 * One write. Its bytes stay in memory while they are few and the write is quick; they get an entry in `ingest/` when
 * they are more than 1 MiB, or when the write takes longer than 200 ms, of content that `staysInMemory` 1 s.
 */
export class LocalDraft implements Draft {
  readonly ref: string
  readonly startedAt: Date
  #bytes: DraftBytes
  #size: number
  #updatedAt = new Date()
  #timer: NodeJS.Timeout | undefined
  #settling: Promise<void> | undefined
  #failure: DistError | undefined
  #ending: Promise<void> | undefined

  private constructor(
    private readonly directory: StoreDirectory,
    private readonly entry: Entry,
    bytes: DraftBytes,
    /** Bytes of an earlier write that this one resumes. */
    readonly offset: number,
    private readonly lock: RefLock,
    private readonly onClose: () => void,
  ) {
    this.ref = entry.ref
    this.startedAt = entry.startedAt
    this.#bytes = bytes
    this.#size = offset
    this.#settleLater()
  }

  /** A new draft, in memory. Its ref must be held, and claimed unless the content `staysInMemory`. The draft frees it. */
  static create(directory: StoreDirectory, entry: Entry, lock: RefLock, onClose: () => void): LocalDraft {
    return new LocalDraft(directory, entry, new MemoryBytes(directory, entry), 0, lock, onClose)
  }

  /** A draft that appends to the first `offset` bytes of an existing entry. The ref must be claimed. */
  static async resume(
    directory: StoreDirectory,
    entry: Entry,
    offset: number,
    lock: RefLock,
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
      await this.#settling
      await this.#bytes.commit(digest)
      await this.directory.sync(this.directory.blobs(algorithmOf(digest)))
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
    if (this.lock.isLost) return false
    try {
      await this.lock.claim()
      const file = this.#bytes.toFile()
      this.#bytes = file
      await file.keep()
      return true
    } catch {
      return false
    }
  }

  #discard(): Promise<void> {
    return this.#bytes.discard(!this.lock.isLost)
  }

  /** Makes the entry if there is none, and writes pending bytes to it. Other steps wait until it has ended. */
  #settle(): Promise<void> {
    this.#settling ??= this.#writeEntry().finally(() => {
      this.#settling = undefined
    })
    return this.#settling
  }

  async #writeEntry(): Promise<void> {
    if (!(await this.#claimed())) return
    const file = this.#bytes.toFile()
    this.#bytes = file
    await file.flush()
  }

  /** False if another process writes the ref: this write stays in memory, without an entry. */
  async #claimed(): Promise<boolean> {
    try {
      await this.lock.claim()
      return true
    } catch (error) {
      if (isHeld(error)) return false
      throw error
    }
  }

  #settleLater(): void {
    if (this.#timer !== undefined || this.#ending !== undefined || !this.#bytes.isPending) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#settle()
        .then(() => this.#settleLater())
        .catch((error: unknown) => this.#fail(error))
    }, this.#settleTimeMs).unref()
  }

  get #settleTimeMs(): number {
    return staysInMemory(this.entry.expected) ? smallSettleTimeMs : settleTimeMs
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
    await this.#settling?.catch(() => {})
    await lastStep()
    this.onClose()
    await this.lock.release().catch(() => {})
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ending !== undefined) throw new DistError('INTERNAL', `write ${this.ref} is closed`)
    this.lock.check()
  }
}
