import type { Readable } from 'node:stream'

/** The body of a request: a form, bytes, or a stream that can be sent only once. */
export type RequestBody = string | Uint8Array | AsyncIterable<Uint8Array>

/** Whether the body is content, which the server has to store before it answers. */
export function isBulk(body: RequestBody | undefined): body is Uint8Array | AsyncIterable<Uint8Array> {
  return body !== undefined && typeof body !== 'string'
}

/** Whether the body can be sent only once. */
export function isStream(body: RequestBody | undefined): body is AsyncIterable<Uint8Array> {
  return isBulk(body) && !(body instanceof Uint8Array)
}

// Bytes. A slow connection must be able to send one piece within the body time-out.
const pieceSize = 128 * 1024

export interface PacedListeners {
  /** Called when the connection has taken nothing for the time-out; waiting for the source does not count. */
  readonly onStall: () => void
  /** Called for each piece with its bytes. */
  readonly onSent: (bytes: number) => void
}

/** The body in pieces for the connection. */
export function paced(
  body: RequestBody,
  timeoutMs: number,
  listeners: PacedListeners,
): string | Uint8Array | Readable {
  if (typeof body === 'string' || (body instanceof Uint8Array && body.byteLength <= pieceSize)) {
    listeners.onSent(Buffer.byteLength(body))
    return body
  }
  const pieces = body instanceof Uint8Array ? piecesOf(body) : body
  // undici takes any iterable; its types do not allow it.
  return withStallTimer(pieces, timeoutMs, listeners) as AsyncIterable<Uint8Array> as Readable
}

async function* withStallTimer(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  timeoutMs: number,
  { onStall, onSent }: PacedListeners,
): AsyncGenerator<Uint8Array, void> {
  let timer: NodeJS.Timeout | undefined
  try {
    for await (const piece of pieces) {
      onSent(piece.byteLength)
      timer = setTimeout(onStall, timeoutMs)
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
