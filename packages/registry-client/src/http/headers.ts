import { type Digest, isDigest } from '@dist/oci'
import type { Response } from './exchange.js'

/** The bytes in a 206. */
export interface ContentRange {
  readonly first: number
  readonly last: number
  /** Undefined if the server does not know it (`*`). */
  readonly total: number | undefined
}

/** Parses `bytes 5-9/10` (RFC 9110, 14.4). Undefined for anything else, and for contradictory numbers. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(value ?? '')
  if (match === null) return undefined
  const [first = 0, last = 0] = [Number(match[1]), Number(match[2])]
  const total = match[3] === '*' ? undefined : Number(match[3])
  if (last < first || (total !== undefined && last >= total)) return undefined
  return { first, last, total }
}

/** Parses a size in bytes. Undefined if the header is missing or not a size. */
export function parseSize(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined
  const size = Number(value)
  return Number.isSafeInteger(size) ? size : undefined
}

/**
 * Parses `Retry-After` to milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3), capped, because a host may ask for
 * years. Undefined for anything else, and for the past.
 */
export function parseRetryAfter(
  value: string | undefined,
  cap: number,
  now = Date.now(),
): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : parseDate(text) - now
  return milliseconds > 0 ? Math.min(milliseconds, cap) : undefined
}

// `Date.parse` accepts far more than HTTP's dates: it reads "-5" as a year.
function parseDate(text: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN
}

/** The digest in `Docker-Content-Digest`. Undefined if it is missing or malformed. */
export function announcedDigest({ headers }: Response): Digest | undefined {
  const value = headers['docker-content-digest']
  return typeof value === 'string' && isDigest(value) ? value : undefined
}
