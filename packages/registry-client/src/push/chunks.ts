/** Chunks larger than this are not gathered, whatever a registry asks for: its blobs are sent in one piece. */
export const maxChunk = 64 * 1024 * 1024

/**
 * How many bytes of a chunk a registry says to have taken, by the `Range` of its answer (`0-99`: the first hundred of
 * the blob). All, where it does not say. Undefined for what cannot be: less than it had before, or more than it was sent.
 */
export function takenOf(range: string | undefined, offset: number, length: number): number | undefined {
  if (range === undefined) return length
  const match = /^(?:bytes=)?0-(\d{1,16})$/.exec(range.trim())
  if (match === null) return undefined
  const last = Number(match[1])
  // An empty upload is "0-0" too.
  const end = last === 0 && offset + length !== 1 ? 0 : last + 1
  return end >= offset && end <= offset + length ? end - offset : undefined
}

/** Gathers chunks of any size into pieces of exactly so many bytes; what is left over is the last one. */
export class Pieces {
  #chunks: Uint8Array[] = []
  #size = 0

  constructor(private readonly pieceSize: number) {}

  /** The pieces that are full now, and not the end of all: the last one is only known by `rest`. */
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

  /** Takes out what is there. */
  rest(): Uint8Array {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : undefined
    const bytes = all ?? Buffer.concat(this.#chunks, this.#size)
    this.#chunks = []
    this.#size = 0
    return bytes
  }
}
