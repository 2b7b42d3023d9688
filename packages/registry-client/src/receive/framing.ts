/** Finds the content of a body, and its end, in the bytes of a connection. */
export interface Framing {
  /** Whether the whole body has been taken. */
  readonly isOver: boolean
  /**
   * Takes bytes in their order, passes on those of the content, and returns how many it has taken: all, or those up to the
   * end of the body. Throws a `FramingError`.
   */
  take(bytes: Buffer, onContent: (content: Buffer) => void): number
}

/** Bytes that are no body of its kind. */
export class FramingError extends Error {}

/** A body of known length (RFC 9112, 6.2). */
export class OfLength implements Framing {
  constructor(private left: number) {}

  get isOver(): boolean {
    return this.left === 0
  }

  take(bytes: Buffer, onContent: (content: Buffer) => void): number {
    const size = Math.min(this.left, bytes.byteLength)
    this.left -= size
    if (size > 0) onContent(size === bytes.byteLength ? bytes : bytes.subarray(0, size))
    return size
  }
}

/** Bytes of a line between chunks, and of all trailers. */
const longestLine = 1024
const longestTrailers = 16 * 1024

/** A size has at most 13 hexadecimal digits: more than 2^52 bytes are no content. Extensions are ignored. */
const sizeLine = /^([0-9A-Fa-f]{1,13})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/

/** A body in chunks (RFC 9112, 7.1). */
export class Chunked implements Framing {
  isOver = false
  /** Bytes of the chunk that are still to come. */
  #left = 0
  /** Where the next line stands: a size, the end of a chunk, or a trailer. */
  #at: 'size' | 'end' | 'trailer' = 'size'
  #line = ''
  #trailers = 0

  take(bytes: Buffer, onContent: (content: Buffer) => void): number {
    let at = 0
    while (at < bytes.byteLength && !this.isOver) {
      at +=
        this.#left > 0 ? this.#takeContent(bytes.subarray(at), onContent) : this.#takeLine(bytes.subarray(at))
    }
    return at
  }

  #takeContent(bytes: Buffer, onContent: (content: Buffer) => void): number {
    const size = Math.min(this.#left, bytes.byteLength)
    this.#left -= size
    if (this.#left === 0) this.#at = 'end'
    onContent(bytes.subarray(0, size))
    return size
  }

  #takeLine(bytes: Buffer): number {
    const newline = bytes.indexOf('\n')
    const size = newline < 0 ? bytes.byteLength : newline + 1
    if (this.#line.length + size > longestLine) throw new FramingError('a line between chunks is too long')
    this.#line += bytes.toString('latin1', 0, size)
    if (newline >= 0) {
      if (!this.#line.endsWith('\r\n')) throw new FramingError('a line between chunks ends without CR')
      this.#endLine(this.#line.slice(0, -2))
      this.#line = ''
    }
    return size
  }

  #endLine(line: string): void {
    if (this.#at === 'size') this.#left = sizeOf(line)
    if (this.#at === 'end' && line !== '') throw new FramingError('a chunk is longer than its size')
    if (this.#at === 'trailer') this.#endTrailer(line)
    else this.#at = this.#at === 'size' && this.#left === 0 ? 'trailer' : 'size'
  }

  #endTrailer(line: string): void {
    this.#trailers += line.length
    if (this.#trailers > longestTrailers) throw new FramingError('trailers are too long')
    this.isOver = line === ''
  }
}

function sizeOf(line: string): number {
  const [, digits] = sizeLine.exec(line) ?? []
  if (digits === undefined) throw new FramingError('the size of a chunk is none')
  return Number.parseInt(digits, 16)
}
