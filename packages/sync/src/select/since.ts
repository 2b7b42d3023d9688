import { DistError, sanitize } from '@dist/errdefs'

const units: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}
const date = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})?)?$/

/** A moment, or an age in milliseconds. */
export type Since = { readonly moment: number } | { readonly age: number }

/**
 * Reads an age (`90d`, `12h`, `30m`, `8w`) or a date in ISO 8601 (`2026-01-31`, `2026-01-31T12:00:00Z`), which is UTC where
 * it names no zone. Throws `INVALID_ARGUMENT`.
 */
export function parseSince(text: string): Since {
  const [, number, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  if (number !== undefined) return { age: Number(number) * (units[unit] ?? 0) }
  const moment = date.test(text) ? Date.parse(inUtc(text)) : Number.NaN
  if (!Number.isNaN(moment)) return { moment }
  throw new DistError(
    'INVALID_ARGUMENT',
    `"${sanitize(text, 40)}" is neither an age such as 90d, 12h or 8w nor a date such as 2026-01-31`,
  )
}

function inUtc(text: string): string {
  const iso = text.replace(/[t ]/, 'T')
  return /T\d{2}:\d{2}(?::[\d.]+)?$/.test(iso) ? `${iso}Z` : iso
}

/** The moment after which a tag is new enough. */
export function momentOf(since: Since, now: Date): number {
  return 'moment' in since ? since.moment : now.getTime() - since.age
}

// Builds that are reproducible write 0001, 1970 or 1980 as date.
const firstKnown = Date.UTC(1981, 0)

/** The date in milliseconds; undefined for an unknown one. */
export function knownTime(created: Date | undefined): number | undefined {
  const time = created?.getTime()
  return time === undefined || Number.isNaN(time) || time < firstKnown ? undefined : time
}
