import { DistError, sanitize } from '@dist/errdefs'
import { defaultTimeZone, nextMatch } from './cron.js'

/** When work is due, again and again: by a cron pattern, or after each `every` milliseconds. */
export type Timing = { readonly pattern: string; readonly timeZone: string } | { readonly every: number }

/** Milliseconds. */
const shortestEvery = 10_000

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const
type Unit = keyof typeof units

/** Reads an interval such as `6h`, `90m` or `1d`, in milliseconds. Throws `INVALID_ARGUMENT`. */
export function parseEvery(text: string): number {
  const [, number = '', unit = 's'] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  const every = Number(number) * units[unit as Unit]
  if (every >= shortestEvery) return every
  const expected = 'an interval of at least 10s is expected, such as 30m, 6h or 1d'
  throw new DistError('INVALID_ARGUMENT', `"${sanitize(text, 40)}": ${expected}`)
}

/**
 * The first moment after `after` at which work is due. An interval counts from `first`, which is due itself: the times
 * do not move when work takes long or begins late. Undefined: never.
 */
export function nextDue(timing: Timing, after: number, first: number): number | undefined {
  if ('pattern' in timing) return nextMatch(timing.pattern, timing.timeZone, after)
  if (after < first) return first
  return first + (Math.floor((after - first) / timing.every) + 1) * timing.every
}

/** The timing as mirror files have it: `15 3 * * * Europe/Berlin`, `every 6h`. */
export function formatTiming(timing: Timing): string {
  if ('pattern' in timing)
    return timing.timeZone === defaultTimeZone ? timing.pattern : `${timing.pattern} ${timing.timeZone}`
  return `every ${formatEvery(timing.every)}`
}

/** An interval as `parseEvery` reads it, in its largest unit that fits. */
export function formatEvery(every: number): string {
  const fitting = Object.entries(units).findLast(([, length]) => every % length === 0)
  const [unit, length] = fitting ?? ['s', units.s]
  return `${every / length}${unit}`
}
