import { pipeline, type Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DistError } from '@dist/errdefs'

/** Large pieces, since each one is a round trip to the thread that decompresses it. */
export const pieceSize = 1024 * 1024

/** A decompressor of node:zlib, which counts the bytes that it has consumed. */
export type Engine = Transform & { readonly bytesWritten: number }

export function gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  return decompressWith(source, createGunzip({ chunkSize: pieceSize }), 'gzip')
}

/**
 * Decompresses a source with an engine. Throws what the source throws; `MALFORMED` for invalid data, and for data after
 * the end of the stream.
 */
export async function* decompressWith(
  source: AsyncIterable<Uint8Array>,
  engine: Engine,
  format: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const fed = new CountedSource(source)
  // Errors arrive through the engine: an error of the source destroys it.
  pipeline(fed, engine, () => undefined)
  try {
    for await (const chunk of engine) yield chunk
  } catch (error) {
    throw fed.error ?? damaged(error, format)
  } finally {
    engine.destroy()
  }
  if (fed.error !== undefined) throw fed.error
  if (engine.bytesWritten < fed.size)
    throw new DistError('MALFORMED', `the ${format} stream has other data after its end`)
}

function damaged(error: unknown, format: string): DistError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reason = code === 'Z_BUF_ERROR' ? 'truncated' : 'damaged'
  return new DistError('MALFORMED', `the ${format} stream is ${reason}`, { cause: error })
}

/** Counts the bytes of a source and keeps its error, to distinguish it from the engine's. */
class CountedSource implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>
  size = 0
  error: unknown

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of this.#source) {
        this.size += chunk.byteLength
        yield chunk
      }
    } catch (error) {
      this.error = error
      throw error
    }
  }
}
