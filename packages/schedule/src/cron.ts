import { DistError, sanitize } from '@dist/errdefs'
import { Cron, CronPattern } from 'croner'

export const defaultTimeZone = 'UTC'

// Five fields: no seconds, no years. Hours that are named one by one are fixed times.
const options = { mode: '5-part', fixedTimeRule: 'no-wildcard' } as const

/** Throws `INVALID_ARGUMENT` for what is no pattern of five fields, and for one that no date matches (`0 0 31 2 *`). */
export function checkPattern(pattern: string): void {
  if (nextMatch(pattern, defaultTimeZone, Date.now()) === undefined)
    throw new DistError('INVALID_ARGUMENT', `"${sanitize(pattern, 100)}" is never due: no date matches it`)
}

/** Throws `INVALID_ARGUMENT` for what is no time zone of the IANA database. */
export function checkTimeZone(name: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
  } catch (cause) {
    const message = `"${sanitize(name, 60)}" is no time zone; Europe/Berlin, America/New_York and UTC are some`
    throw new DistError('INVALID_ARGUMENT', message, { cause })
  }
}

/**
 * The first moment after `after` that a pattern matches. Undefined: there is none. A time that daylight saving skips is
 * due once, right after the gap; a time that it doubles is due the first time only. A pattern for every hour goes by
 * the time that passes. Throws `INVALID_ARGUMENT`.
 */
export function nextMatch(pattern: string, timeZone: string, after: number): number | undefined {
  const cron = new Cron(parse(pattern).text, { ...options, timezone: timeZone, paused: true })
  return cron.nextRun(new Date(after))?.getTime()
}

function parse(pattern: string): { readonly text: string } {
  try {
    return { text: withFixedTimes(new CronPattern(pattern, defaultTimeZone, options)) }
  } catch (cause) {
    const why = sanitize((cause as Error).message.replace(/^\w+: /, ''), 200)
    const message = `"${sanitize(pattern, 100)}" is no cron pattern such as "15 3 * * *": ${why}`
    throw new DistError('INVALID_ARGUMENT', message, { cause })
  }
}

/**
 * Names minutes and hours one by one, unless every hour is meant: croner takes hours with `*` or steps for an interval,
 * which has none of a skipped hour and all of a doubled one.
 */
function withFixedTimes({ pattern, minute, hour }: CronPattern): string {
  const [, , ...days] = pattern.trim().split(/\s+/)
  if (hour.every((matches) => matches === 1)) return pattern
  return [listed(minute), listed(hour), ...days].join(' ')
}

function listed(matches: readonly number[]): string {
  return matches.flatMap((match, value) => (match === 1 ? [value] : [])).join(',')
}
