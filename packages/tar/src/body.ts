import { DistError, sanitize } from '@dist/errdefs'
import { type Bytes, truncated } from './bytes.js'
import { blockSize } from './header.js'

const done: IteratorResult<Uint8Array> = { done: true, value: undefined }

/** The bytes of one entry. */
export class Body implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #bytes: Bytes
  readonly #name: string
  readonly #padding: number
  /** Whether the archive may end with the body's last byte. */
  readonly #openEnd: boolean
  #left: number
  #isOver = false

  constructor(bytes: Bytes, size: number, name: string, openEnd: boolean) {
    this.#bytes = bytes
    this.#openEnd = openEnd
    this.#left = size
    this.#padding = -size & (blockSize - 1)
    this.#name = name
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#isOver)
      throw new DistError('INTERNAL', `${sanitize(this.#name)}: read after the entry behind it`)
    if (this.#left === 0) return done
    const value = await this.#bytes.some(this.#left)
    if (value === undefined) throw truncated(sanitize(this.#name))
    this.#left -= value.byteLength
    return { done: false, value }
  }

  /** Passes over what was not read. */
  async end(): Promise<void> {
    this.#isOver = true
    const left = this.#left + this.#padding
    if (left === 0 || this.#bytes.take(left) !== undefined) return
    await this.#bytes.skip(this.#openEnd ? this.#left : left, this.#name)
    if (this.#openEnd) await this.#bytes.skipUpTo(this.#padding)
  }
}
