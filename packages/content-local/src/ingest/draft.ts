import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Draft, type Expected, type Info, type Status, statusOf } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import { type Lock, thisProcess } from '@dist/locks'
import { algorithmOf, type Digest } from '@dist/oci'
import { storeError } from '../files/errors.js'
import { readRange } from '../files/read.js'
import { closing, writeWhole } from '../files/write.js'
import type { Place } from '../place.js'
import { dataSuffix, formatEntry, ownFile, recordFile, temporarySuffix } from './entry.js'
import { Spool } from './spool.js'

/** What a draft goes on with: a data file that is its own, and how much of it counts. */
export interface Resumed {
  readonly data: string
  readonly offset: number
  readonly startedAt: Date
}

/** The most bytes that a write keeps in memory without an entry: half of what one with an entry may have there. */
const smallSize = 1024 * 1024

/** Milliseconds after which what came is on disk, and the write shows to other processes. */
const settleTime = 200

/**
 * One write. As long as it is small and fast it has no entry in `ingest/`: its bytes wait in memory and become one
 * file at commit. An entry is made when more than a batch has come, or when it takes long.
 */
export class LocalDraft implements Draft {
  readonly startedAt: Date
  readonly offset: number
  readonly #data: string
  readonly #record: string
  #gathered: Uint8Array[] = []
  #size: number
  #updatedAt = new Date()
  #spool: Spool | undefined
  #opening: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failure: DistError | undefined
  #closed = false

  constructor(
    private readonly place: Place,
    readonly ref: string,
    private readonly expected: Expected,
    private readonly lock: Lock,
    private readonly onClose: (draft: LocalDraft) => void,
    private readonly resumed?: Resumed,
  ) {
    this.startedAt = resumed?.startedAt ?? new Date()
    this.offset = resumed?.offset ?? 0
    this.#size = this.offset
    this.#data = join(place.ingest, resumed?.data ?? ownFile(dataSuffix))
    this.#record = join(place.ingest, recordFile(ref))
    this.#settleSoon()
  }

  get status(): Status {
    const { ref, expected, startedAt } = this
    return statusOf({
      ref,
      offset: this.#size,
      expected,
      startedAt,
      updatedAt: this.#updatedAt,
      live: true,
    })
  }

  replay(): AsyncIterable<Uint8Array> {
    return readRange(this.#data, 0, this.offset)
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#check()
    this.#size += chunk.byteLength
    this.#updatedAt = new Date()
    if (this.#spool === undefined) this.#gathered.push(chunk)
    await this.#guard(async () => {
      if (this.#spool !== undefined) await this.#spool.append(chunk)
      else if (this.#size > smallSize || this.resumed !== undefined) await this.#materialise()
    })
    this.#settleSoon()
  }

  async truncate(): Promise<void> {
    this.#check()
    this.#gathered = []
    this.#size = 0
    await this.#guard(async () => {
      if (this.resumed !== undefined) await this.#materialise()
      await this.#opening
      await this.#spool?.truncate()
    })
  }

  async commit(digest: Digest, size: number): Promise<Info> {
    this.#check()
    await this.#guard(async () => {
      this.#rest()
      await this.#opening
      if (this.#spool === undefined && this.resumed === undefined) await this.#commitSmall(digest)
      else await this.#commitEntry(digest)
      await this.place.sync(this.place.blobs(algorithmOf(digest)))
    })
    await this.#end()
    return { digest, size, committedAt: new Date() }
  }

  async close(keep: boolean): Promise<void> {
    if (this.#closed) return
    this.#rest()
    await this.#opening?.catch(() => {})
    if (this.#closed) return
    // Without an expected digest nobody could tell what a later write would go on with.
    const kept = keep && this.expected.digest !== undefined && this.#size > 0 && (await this.#keep())
    if (!kept) await this.#discard()
    await this.#end()
  }

  /** Makes the entry: the record first, so that there is never data that nobody can name. */
  #materialise(): Promise<void> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async #open(): Promise<void> {
    this.#writeRecord(true)
    const { files } = this.place
    const fd = await files.open(this.#data, this.resumed === undefined ? 'wx' : 'r+')
    const spool = new Spool(files, fd, this.offset)
    spool.add(this.#gathered)
    this.#gathered = []
    this.#spool = spool
    await spool.start()
  }

  #writeRecord(live: boolean): void {
    const { ref, expected, startedAt } = this
    const data = this.#data.slice(this.place.ingest.length + 1)
    const writer = live ? { writer: thisProcess() } : {}
    writeFileSync(this.#record, formatEntry({ ref, expected, startedAt, data, ...writer }))
  }

  async #commitSmall(digest: Digest): Promise<void> {
    const temporary = join(this.place.ingest, ownFile(temporarySuffix))
    await writeWhole(this.place.files, this.#gathered, temporary, this.place.blob(digest))
  }

  async #commitEntry(digest: Digest): Promise<void> {
    const { files } = this.place
    await this.#materialise()
    const spool = this.#spool
    if (spool === undefined) throw new DistError('INTERNAL', `write ${this.ref} has no file`)
    this.#spool = undefined
    await closing(files, spool.fd, async () => {
      await spool.flush()
      await files.fsync(spool.fd)
    })
    await files.rename(this.#data, this.place.blob(digest))
    // The content is there, whatever becomes of the record: one without data counts as none, and is swept.
    await files.unlink(this.#record).catch(() => {})
  }

  async #keep(): Promise<boolean> {
    const { files } = this.place
    try {
      await this.#materialise()
      const spool = this.#spool
      if (spool === undefined || this.lock.signal.aborted) return false
      this.#spool = undefined
      await closing(files, spool.fd, () => spool.flush())
      this.#writeRecord(false)
      return true
    } catch {
      return false
    }
  }

  /** Removes what is on disk of this write. What cannot be removed is left to `sweep`. */
  async #discard(): Promise<void> {
    const { files } = this.place
    const spool = this.#spool
    this.#spool = undefined
    this.#gathered = []
    if (spool !== undefined) {
      await spool.idle()
      await files.close(spool.fd).catch(() => {})
    }
    if (this.#opening === undefined && this.resumed === undefined) return
    await files.unlink(this.#data).catch(() => {})
    // Once the lock is lost the record may be another writer's.
    if (!this.lock.signal.aborted) await files.unlink(this.#record).catch(() => {})
  }

  /** Runs a step; when it fails, this write is over and nothing of it is left. */
  async #guard(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      await this.#fail(error)
      throw this.#failure
    }
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#failure !== undefined) return
    this.#failure = storeError(this.place.root, `writing ${this.ref}`, error)
    this.#rest()
    await this.#discard()
    await this.#end()
  }

  async #end(): Promise<void> {
    this.#closed = true
    this.onClose(this)
    await this.lock.release().catch(() => {})
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new DistError('INTERNAL', `write ${this.ref} is closed`)
    throwIfAborted(this.lock.signal)
  }

  #settleSoon(): void {
    if (this.#timer !== undefined || this.#closed) return
    if (this.#spool !== undefined && this.#spool.pending === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const settled = this.#spool === undefined ? this.#materialise() : this.#spool.start()
      settled.catch((error: unknown) => this.#fail(error))
    }, settleTime).unref()
  }

  #rest(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
