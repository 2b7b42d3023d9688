/** Which bytes a 206 holds. */
export interface ContentRange {
  readonly first: number
  readonly last: number
  /** Undefined where the server does not know it (`*`). */
  readonly total: number | undefined
}

/** Reads `bytes 5-9/10` (RFC 9110, 14.4). Undefined for anything that is not exactly that, or contradicts itself. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(value ?? '')
  if (match === null) return undefined
  const [first = 0, last = 0] = [Number(match[1]), Number(match[2])]
  const total = match[3] === '*' ? undefined : Number(match[3])
  if (last < first || (total !== undefined && last >= total)) return undefined
  return { first, last, total }
}

/** A header that is a size in bytes; undefined where it is missing or no size. */
export function sizeHeader(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined
  const size = Number(value)
  return Number.isSafeInteger(size) ? size : undefined
}
