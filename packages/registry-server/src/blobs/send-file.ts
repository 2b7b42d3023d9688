import { algorithmOf, Digester } from '@dist/oci'
import type { ByteRange } from '../conditional.js'
import type { Exchange } from '../exchange.js'
import { type OpenFile, readAt } from './verified-files.js'

export interface SendFileOptions {
  /** Bytes of a buffer. */
  readonly chunkSize: number
  /** Whether to hash the file on the way. It must be sent whole. */
  readonly verify: boolean
}

/**
 * Sends a range of a file as the body of an answer that has begun. Two buffers take turns: one is read while the other one is sent.
 * Of a file that is verified, the last bytes follow when the digest matches. Throws `FAILED_PRECONDITION` otherwise: the client
 * lacks these bytes.
 */
export async function sendFile(
  exchange: Exchange,
  file: OpenFile,
  { first, last }: ByteRange,
  { chunkSize, verify }: SendFileOptions,
): Promise<void> {
  const digester = verify ? new Digester(algorithmOf(file.digest)) : undefined
  const size = Math.min(chunkSize, last + 1 - first)
  const buffers = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)] as const
  let sending: Promise<void> = Promise.resolve()
  let isFirst = true
  for (let position = first; position <= last; isFirst = !isFirst) {
    const buffer = isFirst ? buffers[0] : buffers[1]
    const count = await readAt(file, buffer, Math.min(size, last + 1 - position), position)
    const chunk = buffer.subarray(0, count)
    digester?.update(chunk)
    position += count
    await sending
    if (position > last && digester !== undefined) file.settle(digester.digest())
    sending = exchange.write(chunk)
    // It is awaited in the next turn. A read that fails meanwhile must not leave a rejection unhandled.
    sending.catch(() => {})
  }
  await sending
}
