import { DistError } from '@dist/errdefs'
import { Bytes } from './bytes.js'
import { gunzip, pieceSize } from './inflate.js'
import { isZstd, unzstd } from './zstd.js'

export interface DecompressOptions {
  /** Ends the reading, and with it the source, with the signal's reason; default never. */
  signal?: AbortSignal | undefined
}

/** First bytes, in hex, that no archive begins with: it begins with a name. */
const unsupported: readonly (readonly [format: string, start: RegExp])[] = [
  ['xz', /^fd377a585a00/],
  ['bzip2', /^425a683[1-9](?:314159265359|177245385090)/],
  ['lz4', /^04224d18/],
  ['lzip', /^4c5a495001/],
  ['compress', /^1f9d/],
]
const startSize = 10

/**
 * What a stream holds, by its first bytes: gzip (of any number of members) and zstd (of any number of frames) are
 * decompressed, everything else is given as it is. Throws `MALFORMED` for a stream that is truncated or damaged, or
 * has something else behind its end; `NOT_IMPLEMENTED` by name for xz, bzip2, lz4, lzip and compress; and what the
 * source throws. The source is closed when the reading stops before its end.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = new Bytes(source, options.signal)
  try {
    const start = await startOf(bytes)
    const magic = start.toString('hex', 0, startSize)
    const whole = from(start, bytes)
    if (magic.startsWith('1f8b')) yield* gunzip(whole)
    else if (isZstd(start)) yield* unzstd(whole)
    else yield* plain(magic, whole)
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

/** What was looked at, and all the rest. */
async function* from(start: Buffer, bytes: Bytes): AsyncGenerator<Buffer, void, undefined> {
  if (start.byteLength > 0) yield start
  for (let chunk = await bytes.some(pieceSize); chunk !== undefined; chunk = await bytes.some(pieceSize))
    yield chunk
}

function plain(magic: string, whole: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const format = unsupported.find(([, start]) => start.test(magic))
  if (format === undefined) return whole
  throw new DistError('NOT_IMPLEMENTED', `${format[0]} compression is unsupported: gzip, zstd or none`)
}
