import { DistError } from '@dist/errdefs'
import { Bytes } from './bytes.js'
import { gunzip, pieceSize } from './inflate.js'
import { isZstd, unzstd } from './zstd.js'

export interface DecompressOptions {
  /** An abort ends the reading, and closes the source. Default: none. */
  signal?: AbortSignal | undefined
}

/** The first bytes, in hex, of unsupported formats. No archive begins with them, since it begins with a name. */
const unsupportedFormats: readonly (readonly [format: string, start: RegExp])[] = [
  ['xz', /^fd377a585a00/],
  ['bzip2', /^425a683[1-9](?:314159265359|177245385090)/],
  ['lz4', /^04224d18/],
  ['lzip', /^4c5a495001/],
  ['compress', /^1f9d/],
]
const startSize = 10

/**
 * Decompresses a stream, whose format is detected by its first bytes: gzip (with any number of members) or zstd (with any
 * number of frames). Other content is passed on unchanged. Throws `MALFORMED` for a stream that is truncated or damaged,
 * or followed by other data; `NOT_IMPLEMENTED`, naming the format, for xz, bzip2, lz4, lzip and compress; and what the
 * source throws. Closes the source when the reading stops before its end.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = new Bytes(source, options.signal)
  try {
    const start = await startOf(bytes)
    const magic = start.toString('hex', 0, startSize)
    const whole = concat(start, bytes)
    if (magic.startsWith('1f8b')) yield* gunzip(whole)
    else if (isZstd(start)) yield* unzstd(whole)
    else yield* passOn(magic, whole)
  } finally {
    await bytes.close()
  }
}

async function startOf(bytes: Bytes): Promise<Buffer> {
  let start: Buffer = Buffer.alloc(0)
  while (start.byteLength < startSize) {
    const more = await bytes.some(Number.MAX_SAFE_INTEGER)
    if (more === undefined) break
    start = start.byteLength === 0 ? more : Buffer.concat([start, more])
  }
  return start
}

/** The first bytes, followed by the rest. */
async function* concat(start: Buffer, bytes: Bytes): AsyncGenerator<Buffer, void, undefined> {
  if (start.byteLength > 0) yield start
  for (let chunk = await bytes.some(pieceSize); chunk !== undefined; chunk = await bytes.some(pieceSize))
    yield chunk
}

function passOn(magic: string, whole: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const format = unsupportedFormats.find(([, start]) => start.test(magic))
  if (format === undefined) return whole
  throw new DistError('NOT_IMPLEMENTED', `${format[0]} compression is not supported; use gzip, zstd or none`)
}
