import { DistError, sanitize, throwIfAborted, unlessAborted } from '@dist/errdefs'

const empty = Buffer.alloc(0)

/** Reads a source in pieces of requested sizes. */
export class Bytes {
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #signal: AbortSignal | undefined
  #chunk: Buffer = empty
  #isOver = false

  constructor(source: AsyncIterable<Uint8Array>, signal?: AbortSignal) {
    this.#iterator = source[Symbol.asyncIterator]()
    this.#signal = signal
  }

  /** Takes the next `length` bytes if they are buffered in one piece; else undefined. */
  take(length: number): Buffer | undefined {
    if (this.#chunk.byteLength < length) return undefined
    const taken = this.#chunk.subarray(0, length)
    this.#chunk = this.#chunk.subarray(length)
    return taken
  }

  /** The next `length` bytes; undefined at the end. `MALFORMED`, naming `what`, when the source ends within them. */
  async read(length: number, what: string): Promise<Buffer | undefined> {
    const bytes = await this.upTo(length)
    if (bytes.byteLength === 0 && length > 0) return undefined
    if (bytes.byteLength < length) throw truncated(`in ${what}`)
    return bytes
  }

  /** The next `length` bytes, fewer at the end. */
  async upTo(length: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let missing = length; missing > 0; ) {
      const piece = await this.some(missing)
      if (piece === undefined) break
      pieces.push(piece)
      missing -= piece.byteLength
    }
    return Buffer.concat(pieces)
  }

  /** Whether no bytes are left. */
  async isEmpty(): Promise<boolean> {
    while (this.#chunk.byteLength === 0 && !this.#isOver) await this.#advance()
    return this.#chunk.byteLength === 0
  }

  /** The next bytes, at least one and at most `limit`; undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    if (await this.isEmpty()) return undefined
    return this.take(Math.min(limit, this.#chunk.byteLength))
  }

  /** Skips `length` bytes. `MALFORMED`, naming `what`, when the source ends within them. */
  async skip(length: number, what: string): Promise<void> {
    for (let left = length; left > 0; ) {
      const piece = await this.some(left)
      if (piece === undefined) throw truncated(`in ${sanitize(what)}`)
      left -= piece.byteLength
    }
  }

  /** Skips `length` bytes, or all that are left. */
  async skipUpTo(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const piece = await this.some(left)
      if (piece === undefined) return
      left -= piece.byteLength
    }
  }

  /** Reads to the end of the source. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  /** Closes the source, unless it has ended. */
  async close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const closing = this.#iterator.return?.()
    // After an abort the source may hang in a read, and closing it would wait for that read.
    if (this.#signal?.aborted) closing?.catch(() => undefined)
    else await closing
  }

  async #advance(): Promise<void> {
    const signal = this.#signal
    throwIfAborted(signal)
    const { done, value } = await unlessAborted(this.#iterator.next(), signal)
    if (done) this.#isOver = true
    else this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
}

/** `where` as in "in a header". */
export function truncated(where: string): DistError {
  return new DistError('MALFORMED', `archive: truncated ${where}`)
}
