import type { Digest } from '@dist/oci'

/** A part of content: from its first byte to its last. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** The entity tag of content: its digest. */
export function etagOf(digest: Digest): string {
  return `"${digest}"`
}

/** Whether the client has the content already: `If-None-Match`, RFC 9110, 13.1.2. */
export function isUnchanged(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined) return false
  const etags = ifNoneMatch.split(',').map((each) => each.trim().replace(/^W\//, ''))
  // Some clients send the digest without quotes.
  return etags.some((etag) => etag === '*' || etag === etagOf(digest) || etag === digest)
}

/**
 * The part of content that a request asks for; `whole` for all of it, `none` for a range that begins behind the end. Ranges that
 * the server may ignore are ignored: those of other units, several ranges, and invalid ones. So is a range with an `If-Range` that
 * does not hold. RFC 9110, 14.2 and 13.1.5.
 */
export function requestedRange(
  headers: { readonly range?: string | undefined; readonly 'if-range'?: string | undefined },
  digest: Digest,
  size: number,
): ByteRange | 'whole' | 'none' {
  const ifRange = headers['if-range']
  if (ifRange !== undefined && ifRange.trim() !== etagOf(digest)) return 'whole'
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,16})-(\d{0,16})\s*$/i.exec(headers.range ?? '') ?? []
  if (first === '' && last === '') return 'whole'
  if (first === '') return Number(last) === 0 || size === 0 ? 'none' : suffix(Number(last), size)
  if (last !== '' && Number(last) < Number(first)) return 'whole'
  if (Number(first) >= size) return 'none'
  return { first: Number(first), last: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

function suffix(length: number, size: number): ByteRange {
  return { first: Math.max(0, size - length), last: size - 1 }
}
