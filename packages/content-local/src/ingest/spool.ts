import { type FileOperations, writeAll } from '../files/operations.js'

/** Bytes gathered before they go to disk in one call: smaller is slower, larger only takes more memory. */
export const batchSize = 512 * 1024
/** Bytes that wait for the disk before whoever writes has to wait too. */
export const backlogSize = 2 * 1024 * 1024

/**
 * Writes chunks to a file in batches while more come in. One call at a time and in order, so that a process that
 * is killed leaves the file without holes: its length says what is there.
 */
export class Spool {
  #pending: Uint8Array[] = []
  #pendingSize = 0
  #writing: Promise<void> | undefined
  #inFlight = 0
  #position: number
  #failure: unknown

  constructor(
    private readonly files: FileOperations,
    readonly fd: number,
    position: number,
  ) {
    this.#position = position
  }

  /** Bytes that are not in the file yet. */
  get pending(): number {
    return this.#pendingSize
  }

  /** Takes chunks without starting to write. */
  add(chunks: readonly Uint8Array[]): void {
    this.#pending.push(...chunks)
    for (const chunk of chunks) this.#pendingSize += chunk.byteLength
  }

  /** Takes a chunk; resolves when the next may come. Rejects when the disk has refused something. */
  async append(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.add([chunk])
    if (this.#pendingSize >= batchSize) this.start()
    while (this.#pendingSize + this.#inFlight > backlogSize) await this.start()
  }

  /** Starts to write what is pending, unless a write runs: then that one goes on with it. */
  start(): Promise<void> {
    if (this.#writing === undefined) {
      this.#writing = this.#drain()
      // Nobody may be waiting: whoever calls next gets the same rejected promise.
      this.#writing.catch((error: unknown) => {
        this.#failure = error
      })
    }
    return this.#writing
  }

  /** Resolves when everything is in the file. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined || this.#pendingSize > 0) await this.start()
  }

  /** Resolves when no call is under way any more; what is pending is forgotten. Never rejects. */
  async idle(): Promise<void> {
    this.#take()
    await this.#writing?.catch(() => {})
  }

  /** Back to no bytes. */
  async truncate(): Promise<void> {
    this.#take()
    await this.#writing
    await this.files.truncate(this.fd, 0)
    this.#position = 0
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
    await writeAll(this.files, this.fd, batch, this.#position)
    this.#position += size
    this.#inFlight = 0
  }

  #take(): Uint8Array[] {
    const batch = this.#pending
    this.#pending = []
    this.#pendingSize = 0
    return batch
  }
}
