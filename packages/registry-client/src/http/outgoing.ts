import type { Readable } from 'node:stream'

/** What a request carries: a form, bytes, or a stream that can be sent only once. */
export type RequestBody = string | Uint8Array | AsyncIterable<Uint8Array>

/** Whether it is content, which the other side has to put somewhere before it answers. */
export function isBulk(body: RequestBody | undefined): body is Uint8Array | AsyncIterable<Uint8Array> {
  return body !== undefined && typeof body !== 'string'
}

/** Whether it is gone once it was sent. */
export function isStream(body: RequestBody | undefined): body is AsyncIterable<Uint8Array> {
  return isBulk(body) && !(body instanceof Uint8Array)
}

// What is handed over at once is waited for at once: a slow line must get through it in the time between two pieces.
const pieceSize = 128 * 1024

/**
 * The body as it is handed to the connection, piece by piece. `onStall` is called when the connection has taken none
 * for so many milliseconds; a source that is slow does not count.
 */
export function paced(body: RequestBody, wait: number, onStall: () => void): string | Uint8Array | Readable {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array && body.byteLength <= pieceSize) return body
  const pieces = body instanceof Uint8Array ? piecesOf(body) : body
  // undici takes every iterable; its types do not say so.
  return watched(pieces, wait, onStall) as AsyncIterable<Uint8Array> as Readable
}

async function* watched(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  wait: number,
  onStall: () => void,
): AsyncGenerator<Uint8Array, void> {
  let timer: NodeJS.Timeout | undefined
  try {
    for await (const piece of pieces) {
      timer = setTimeout(onStall, wait)
      yield piece
      clearTimeout(timer)
    }
  } finally {
    clearTimeout(timer)
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.byteLength; at += pieceSize) yield bytes.subarray(at, at + pieceSize)
}
