import { abortError, DistError, sanitize, throwIfAborted } from '@dist/errdefs'

const empty = Buffer.alloc(0)

/** The bytes of a source, in the pieces that its reader asks for. */
export class Bytes {
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #signal: AbortSignal | undefined
  #chunk: Buffer = empty
  #isOver = false

  constructor(source: AsyncIterable<Uint8Array>, signal?: AbortSignal) {
    this.#iterator = source[Symbol.asyncIterator]()
    this.#signal = signal
  }

  /** The next `length` bytes if they are at hand in one piece; then they are taken. */
  take(length: number): Buffer | undefined {
    if (this.#chunk.byteLength < length) return undefined
    const taken = this.#chunk.subarray(0, length)
    this.#chunk = this.#chunk.subarray(length)
    return taken
  }

  /** The next `length` bytes; undefined at the end. Throws `MALFORMED` when the end comes in between. */
  async read(length: number, what: string): Promise<Buffer | undefined> {
    const bytes = await this.upTo(length)
    if (bytes.byteLength === 0 && length > 0) return undefined
    if (bytes.byteLength < length) throw truncated(what)
    return bytes
  }

  /** The next `length` bytes, or as many as there are. */
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

  /** Whether nothing is left. */
  async isEmpty(): Promise<boolean> {
    while (this.#chunk.byteLength === 0 && !this.#isOver) await this.#advance()
    return this.#chunk.byteLength === 0
  }

  /** What comes next, at least one byte and at most `limit`; undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    if (await this.isEmpty()) return undefined
    return this.take(Math.min(limit, this.#chunk.byteLength))
  }

  /** Passes over the next `length` bytes. */
  async skip(length: number, what: string): Promise<void> {
    for (let left = length; left > 0; ) {
      const piece = await this.some(left)
      if (piece === undefined) throw truncated(sanitize(what))
      left -= piece.byteLength
    }
  }

  /** Passes over the next `length` bytes, as far as they are there. */
  async skipUpTo(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const piece = await this.some(left)
      if (piece === undefined) return
      left -= piece.byteLength
    }
  }

  /** Passes over everything that is left. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  /** Ends the source, if it has not ended by itself. */
  async close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const closing = this.#iterator.return?.()
    // After an abort the source may hang in a read, behind which its end would wait for ever.
    if (this.#signal?.aborted) closing?.catch(() => undefined)
    else await closing
  }

  async #advance(): Promise<void> {
    const signal = this.#signal
    throwIfAborted(signal)
    const coming = this.#iterator.next()
    const { done, value } = await (signal === undefined ? coming : orAborted(coming, signal))
    if (done) this.#isOver = true
    else this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
}

export function truncated(what: string): DistError {
  return new DistError('MALFORMED', `the archive is truncated: it ends in ${what}`)
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal))
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
