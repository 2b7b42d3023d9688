import { giveBack } from '@dist/content'
import type { FileOperations } from '../files/operations.js'
import { closeAfter, writeAll } from '../files/write.js'

/** Bytes that one call writes to disk. Smaller batches are slower, larger ones only take more memory. */
const batchSize = 512 * 1024
/** Bytes that wait for the disk before `append` waits, too. */
const backlogSize = 2 * 1024 * 1024

/**
 * Writes chunks to a file in batches while more chunks arrive. One call at a time and in order: when the process is
 * killed, the file has no holes and its length is the number of bytes that can be resumed.
 */
export class Spool {
  #pending: Uint8Array[] = []
  #pendingSize = 0
  #writing: Promise<void> | undefined
  #inFlight = 0
  #position: number
  #failure: unknown
  #isEnded = false

  /** Takes over the file descriptor of `opening` and writes from `position` on. */
  constructor(
    private readonly files: FileOperations,
    private readonly opening: Promise<number>,
    position: number,
  ) {
    this.#position = position
    // The next call that waits for the disk rejects with it.
    opening.catch(() => {})
  }

  /** Bytes that are not in the file yet. */
  get pending(): number {
    return this.#pendingSize
  }

  /** Resolves when the file is open. */
  async opened(): Promise<void> {
    await this.opening
  }

  /** Takes chunks without starting to write. */
  add(chunks: readonly Uint8Array[]): void {
    this.#pending.push(...chunks)
    for (const chunk of chunks) this.#pendingSize += chunk.byteLength
  }

  /** Takes a chunk; resolves when the next may come. Rejects when an earlier write failed. */
  async append(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.add([chunk])
    if (this.#pendingSize >= batchSize) this.start()
    while (this.#pendingSize + this.#inFlight > backlogSize) await this.start()
  }

  /** Starts to write what is pending, unless a write runs: then the result of that one. */
  start(): Promise<void> {
    if (this.#writing === undefined) {
      this.#writing = this.#drain()
      // The caller may ignore the promise. A later call gets the same rejection.
      this.#writing.catch((error: unknown) => {
        this.#failure = error
      })
    }
    return this.#writing
  }

  /** Drops all bytes, those in the file included. */
  async truncate(): Promise<void> {
    this.#take()
    await this.#writing
    await this.files.truncate(await this.opening, 0)
    this.#position = 0
  }

  /** Writes everything, with `durable` also an fsync, and closes the file. */
  async end(durable: boolean): Promise<void> {
    this.#isEnded = true
    const fd = await this.opening
    await closeAfter(this.files, fd, async () => {
      await this.#flush()
      if (durable) await this.files.fsync(fd)
    })
  }

  /** Drops pending bytes and closes the file. Never rejects. Does nothing after `end`. */
  async drop(): Promise<void> {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#take()
    await this.#writing?.catch(() => {})
    const fd = await this.opening.catch(() => undefined)
    if (fd !== undefined) await this.files.close(fd).catch(() => {})
  }

  /** Resolves when everything is in the file. */
  async #flush(): Promise<void> {
    while (this.#writing !== undefined || this.#pendingSize > 0) await this.start()
  }

  async #drain(): Promise<void> {
    await this.#writeBatch()
    this.#writing = undefined
    if (this.#pendingSize >= batchSize) this.start()
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#take()
    const size = batch.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    this.#inFlight = size
    await writeAll(this.files, await this.opening, batch, this.#position)
    this.#position += size
    this.#inFlight = 0
    for (const chunk of batch) giveBack(chunk)
  }

  #take(): Uint8Array[] {
    const batch = this.#pending
    this.#pending = []
    this.#pendingSize = 0
    return batch
  }
}
