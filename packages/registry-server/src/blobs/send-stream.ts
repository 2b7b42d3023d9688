import { algorithmOf, Digester } from '@dist/oci'
import type { ByteRange } from '../conditional.js'
import type { Exchange } from '../exchange.js'
import type { Blob } from './blobs.js'
import { damaged } from './damaged.js'

/**
 * Sends the beginning of a body, up to the end of a range, as the body of an answer that has begun. The body begins with the range.
 * A blob that is sent whole is hashed on the way: its last bytes follow when the digest matches. Throws `FAILED_PRECONDITION`
 * otherwise, and when the body ends before: the client lacks these bytes.
 */
export async function sendStream(
  exchange: Exchange,
  body: AsyncIterable<Uint8Array>,
  { digest, size }: Blob,
  { first, last }: ByteRange,
): Promise<void> {
  let left = last + 1 - first
  const digester = left === size ? new Digester(algorithmOf(digest)) : undefined
  for await (const chunk of body) {
    const part = chunk.byteLength > left ? chunk.subarray(0, left) : chunk
    digester?.update(part)
    left -= part.byteLength
    if (left === 0 && digester !== undefined && digester.digest() !== digest)
      throw damaged(digest, 'its bytes have another digest')
    await exchange.write(part)
    if (left === 0) return
  }
  if (left > 0) throw damaged(digest, `it ends ${left} bytes early`)
}
