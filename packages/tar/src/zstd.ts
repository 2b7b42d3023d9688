import * as zlib from 'node:zlib'
import { DistError } from '@dist/errdefs'
import { Decompress } from 'fzstd'
import { decompressWith, type Engine, pieceSize } from './inflate.js'
import { ZstdFrames } from './zstd-frames.js'

/** Whether a stream begins with a zstd frame or a skippable frame (RFC 8878, 3.1). */
export function isZstd(start: Uint8Array): boolean {
  if (start.byteLength < 4) return false
  const magic = new DataView(start.buffer, start.byteOffset).getUint32(0, true)
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5
}

/** Decompresses zstd: in the thread pool with Node 22.15 or later, else in this thread. */
export function unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const create = nativeZstd()
  const frames = checkFrames(source)
  return create === undefined
    ? decompressHere(frames)
    : decompressWith(frames, create({ chunkSize: pieceSize }), 'zstd')
}

function nativeZstd(): ((options: { chunkSize: number }) => Engine) | undefined {
  return (zlib as { createZstdDecompress?: ((options: { chunkSize: number }) => Engine) | undefined })
    .createZstdDecompress
}

async function* checkFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const frames = new ZstdFrames()
  for await (const chunk of source) {
    frames.update(chunk)
    yield chunk
  }
  frames.end()
}

async function* decompressHere(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let ready: Uint8Array[] = []
  const engine = new Decompress((chunk) => ready.push(chunk))
  for await (const chunk of source) {
    push(engine, chunk)
    // The next push may overwrite the buffers of this one.
    yield* ready
    ready = []
  }
}

function push(engine: Decompress, chunk: Uint8Array): void {
  try {
    engine.push(chunk)
  } catch (error) {
    throw new DistError('MALFORMED', 'the zstd stream is damaged', { cause: error })
  }
}
