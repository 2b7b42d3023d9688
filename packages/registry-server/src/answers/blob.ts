import type { Digest } from '@dist/oci'
import { ApiError } from '../api-error.js'
import { etagOf, isUnchanged, requestedRange } from '../conditional.js'
import type { Exchange } from '../exchange.js'
import type { Parts } from '../parts.js'

/** `/v2/<name>/blobs/<digest>`. Distribution specification, "Pulling blobs". */
export async function answerBlob(
  { published, blobs }: Parts,
  exchange: Exchange,
  repository: string,
  digest: Digest,
): Promise<void> {
  const found = await published.repository(repository).find(digest)
  if (found === undefined)
    throw new ApiError('BLOB_UNKNOWN', 'no image that is published in this repository has this blob')
  const { size } = found
  const { headers } = exchange.request
  const own = { 'docker-content-digest': digest, etag: etagOf(digest), 'accept-ranges': 'bytes' }
  if (isUnchanged(headers['if-none-match'], digest)) return exchange.end(304, own)
  const blob = { digest, size }
  // Its type is written by others, and a page of it would run on this server's origin.
  const typed = { ...own, 'content-type': 'application/octet-stream' }
  if (exchange.isHead) {
    await blobs.check(blob)
    return exchange.end(200, { ...typed, 'content-length': size })
  }
  const range = requestedRange(headers, digest, size)
  if (range === 'none')
    throw new ApiError('RANGE_INVALID', `the blob has ${size} bytes`, {
      headers: { 'content-range': `bytes */${size}` },
    })
  const isWhole = range === 'whole'
  if (blobs.isRedirected(blob, isWhole))
    return exchange.end(307, {
      'docker-content-digest': digest,
      location: await blobs.locate(blob),
      'cache-control': 'no-store',
      'content-length': 0,
    })
  const { first, last } = isWhole ? { first: 0, last: size - 1 } : range
  await blobs.send(exchange, blob, { first, last }, isWhole ? 200 : 206, {
    ...typed,
    'content-length': last + 1 - first,
    ...(isWhole ? {} : { 'content-range': `bytes ${first}-${last}/${size}` }),
  })
}
