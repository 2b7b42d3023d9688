import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { CatalogueContent } from './catalogue.js'

/** How far away a registry is. */
export interface Distance {
  /** Milliseconds from a request to the first byte of its answer. */
  readonly latency: number
  /** Bytes in a second on each connection. */
  readonly bandwidth: number
}

/** Large enough that a server needs few timers, small enough that a receiver is never idle for long. */
const pieceSize = 256 * 1024

/** Sends the bytes of a response whose head is written, each piece when the connection would have brought it. */
export async function sendPaced(
  response: ServerResponse,
  { parts }: CatalogueContent,
  { bandwidth }: Distance,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now()
  let sent = 0
  for (const piece of pieces(parts)) {
    sent += piece.byteLength
    const due = started + (sent / bandwidth) * 1000 - performance.now()
    if (due >= 1) await delay(due, undefined, { signal })
    if (!response.write(piece)) await once(response, 'drain', { signal })
  }
  response.end()
}

function* pieces(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const part of parts)
    for (let from = 0; from < part.byteLength; from += pieceSize) yield part.subarray(from, from + pieceSize)
}
