import { pipeline, type Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DistError } from '@dist/errdefs'

/** Large pieces: inflating happens in another thread, and each piece is one way there and back. */
export const pieceSize = 1024 * 1024

/** What an engine of node:zlib counts, beside being a stream. */
export type Engine = Transform & { readonly bytesWritten: number }

export function gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  return through(source, createGunzip({ chunkSize: pieceSize }), 'gzip')
}

/**
 * Passes a source through an engine. Throws what the source throws, and `MALFORMED` for what the engine cannot read
 * or leaves unread behind an end.
 */
export async function* through(
  source: AsyncIterable<Uint8Array>,
  engine: Engine,
  format: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const fed = new Feed(source)
  // Its outcome is the engine's: an error of the source destroys the engine with it.
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
    throw new DistError('MALFORMED', `the ${format} stream has something else behind its end`)
}

function damaged(error: unknown, format: string): DistError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reason = code === 'Z_BUF_ERROR' ? 'truncated' : 'damaged'
  return new DistError('MALFORMED', `the ${format} stream is ${reason}`, { cause: error })
}

/** A source that is counted, and whose error is known from the engine's. */
class Feed implements AsyncIterable<Uint8Array> {
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
