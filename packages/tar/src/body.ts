import { DistError, sanitize } from '@dist/errdefs'
import { type Bytes, truncated } from './bytes.js'
import { paddingOf } from './header.js'

const done: IteratorResult<Uint8Array> = { done: true, value: undefined }

/** The body of one entry, to be read before the next entry is requested. */
export class Body implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #bytes: Bytes
  readonly #name: string
  readonly #padding: number
  /** Whether the archive may end after the last byte of the body. */
  readonly #openEnd: boolean
  #left: number
  #isOver = false

  constructor(bytes: Bytes, size: number, name: string, openEnd: boolean) {
    this.#bytes = bytes
    this.#openEnd = openEnd
    this.#left = size
    this.#padding = paddingOf(size)
    this.#name = name
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#isOver)
      throw new DistError('INTERNAL', `${sanitize(this.#name)}: body read after the next entry was requested`)
    if (this.#left === 0) return done
    const value = await this.#bytes.some(this.#left)
    if (value === undefined) throw truncated(`in ${sanitize(this.#name)}`)
    this.#left -= value.byteLength
    return { done: false, value }
  }

  /** Skips the unread rest. Later reads throw `INTERNAL`. */
  async end(): Promise<void> {
    this.#isOver = true
    const left = this.#left + this.#padding
    if (left === 0 || this.#bytes.take(left) !== undefined) return
    await this.#bytes.skip(this.#openEnd ? this.#left : left, this.#name)
    if (this.#openEnd) await this.#bytes.skipUpTo(this.#padding)
  }
}
