import { DistError } from '@dist/errdefs'

/** Bytes of memory for the window of a frame: the default limit of the `zstd` program. */
const windowLimit = 128 * 1024 * 1024

const damaged = (reason: string) => new DistError('MALFORMED', `the zstd stream ${reason}`)

/**
 * Checks the structure of a zstd stream (RFC 8878, 3.1), block by block, without decompressing it: neither engine detects
 * a truncated stream, and both allocate the memory that a frame asks for. Throws `MALFORMED` for a truncated or invalid
 * stream, `RESOURCE_EXHAUSTED` for a window of more than 128 MiB.
 */
export class ZstdFrames {
  #step: (field: Buffer) => void = this.#magic
  #field: Buffer = Buffer.alloc(4)
  #have = 0
  /** Bytes of content to skip before the next field. */
  #skip = 0
  #isBetween = true
  #hasChecksum = false

  update(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.byteLength; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.byteLength - offset)
        this.#skip -= skipped
        offset += skipped
      } else {
        const piece = chunk.subarray(offset, offset + this.#field.byteLength - this.#have)
        this.#field.set(piece, this.#have)
        this.#have += piece.byteLength
        offset += piece.byteLength
        this.#isBetween = false
        if (this.#have === this.#field.byteLength) this.#step(this.#field)
      }
      if (this.#have === 0 && this.#step === this.#magic && this.#skip === 0) this.#isBetween = true
    }
  }

  end(): void {
    if (!this.#isBetween) throw damaged('is truncated')
  }

  #expect(length: number, step: (field: Buffer) => void): void {
    this.#field = Buffer.alloc(length)
    this.#have = 0
    this.#step = step
  }

  #magic(field: Buffer): void {
    const magic = field.readUInt32LE(0)
    if (magic === 0xfd2fb528) this.#expect(1, this.#descriptor)
    else if (magic >>> 4 === 0x184d2a5) this.#expect(4, this.#skippable)
    else throw damaged('has other data after its end')
  }

  #skippable(field: Buffer): void {
    this.#skip = field.readUInt32LE(0)
    this.#expect(4, this.#magic)
  }

  #descriptor(field: Buffer): void {
    const flags = field.readUInt8(0)
    const isSingle = (flags & 0x20) !== 0
    this.#hasChecksum = (flags & 0x04) !== 0
    if ((flags & 0x03) !== 0) throw damaged('needs a dictionary')
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0
    this.#expect((isSingle ? 0 : 1) + sizeBytes, (header) => {
      const window = isSingle ? contentSize(header) : windowSize(header.readUInt8(0))
      if (window > windowLimit)
        throw new DistError('RESOURCE_EXHAUSTED', `the zstd stream needs a window of ${window} bytes`)
      this.#expect(3, this.#block)
    })
  }

  #block(field: Buffer): void {
    const header = field.readUIntLE(0, 3)
    const type = (header >> 1) & 3
    if (type === 3) throw damaged('is damaged')
    // A block of one repeated byte contains only that byte.
    this.#skip = type === 1 ? 1 : header >> 3
    if ((header & 1) === 0) this.#expect(3, this.#block)
    else this.#afterLast()
  }

  #afterLast(): void {
    if (this.#hasChecksum) this.#skip += 4
    this.#expect(4, this.#magic)
  }
}

/** RFC 8878, 3.1.1.1.4: a field of two bytes is offset by 256. */
function contentSize(field: Buffer): number {
  if (field.byteLength === 8) return Number(field.readBigUInt64LE(0))
  return field.readUIntLE(0, field.byteLength) + (field.byteLength === 2 ? 256 : 0)
}

/** RFC 8878, 3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}
