/** Bytes. A registry that asks for larger chunks gets each blob in one request: chunks are buffered. */
export const maxChunk = 64 * 1024 * 1024

/**
 * Parses the `Range` of an answer (`0-99`: the first hundred bytes of the blob) to the number of bytes taken of a chunk at
 * `offset`. All without the header. Undefined for an impossible one: less than before the chunk, or more than was sent.
 */
export function parseTaken(range: string | undefined, offset: number, length: number): number | undefined {
  if (range === undefined) return length
  const match = /^(?:bytes=)?0-(\d{1,16})$/.exec(range.trim())
  if (match === null) return undefined
  const last = Number(match[1])
  // An empty upload is "0-0" as well.
  const end = last === 0 && offset + length !== 1 ? 0 : last + 1
  return end >= offset && end <= offset + length ? end - offset : undefined
}

/** Regroups chunks of any size into pieces of one size. The last piece may be smaller. */
export class Pieces {
  #chunks: Uint8Array[] = []
  #size = 0

  constructor(private readonly pieceSize: number) {}

  /** The pieces that are full now. The last piece, even if full, is returned by `rest` only. */
  *add(chunk: Uint8Array): Generator<Uint8Array, void> {
    this.#chunks.push(chunk)
    this.#size += chunk.byteLength
    while (this.#size > this.pieceSize) {
      const all = this.rest()
      yield all.subarray(0, this.pieceSize)
      this.#chunks = [all.subarray(this.pieceSize)]
      this.#size = all.byteLength - this.pieceSize
    }
  }

  /** Takes out all bytes that are left. */
  rest(): Uint8Array {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : undefined
    const bytes = all ?? Buffer.concat(this.#chunks, this.#size)
    this.#chunks = []
    this.#size = 0
    return bytes
  }
}
