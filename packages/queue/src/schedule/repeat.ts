import { defaultTimeZone, nextDue, type Timing } from '@dist/schedule'
import type { RepeatOptions } from 'bullmq'

/** A timing as BullMQ keeps it. `first`: the moment from which an interval counts, in milliseconds. */
export function repeatOf(timing: Timing, first: number): Pick<RepeatOptions, 'pattern' | 'tz'> {
  if ('pattern' in timing) return { pattern: timing.pattern, tz: timing.timeZone }
  return { pattern: `@every ${timing.every} ${first}` }
}

/**
 * The next moment of a scheduler, for BullMQ. The queue and its consumers must have the same. The first job of an interval
 * is due at once; it is the only one that BullMQ does not count.
 */
export function repeatStrategy(
  after: number,
  { pattern = '', tz, count }: RepeatOptions,
): number | undefined {
  const [, every, first] = /^@every (\d+) (\d+)$/.exec(pattern) ?? []
  if (every === undefined) return nextDue({ pattern, timeZone: tz ?? defaultTimeZone }, after, 0)
  return count === undefined ? Number(first) : nextDue({ every: Number(every) }, after, Number(first))
}
