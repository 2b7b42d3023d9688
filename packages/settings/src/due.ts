import { checkPattern, checkTimeZone, defaultTimeZone, parseEvery, type Timing } from '@dist/schedule'
import * as z from 'zod'
import { checked } from './checked.js'
import { section } from './registries/schema.js'
import { duration } from './values.js'

/** When work is due: the values of `schedule`, `time-zone` and `every` in files. */
export const cronPattern = checked(checkPattern)
export const timeZone = checked(checkTimeZone)
export const interval = checked(parseEvery)

/** When coordinators collect garbage by themselves. */
export interface CollectionsSettings {
  readonly timing: Timing
  /** Milliseconds: younger content is kept. */
  readonly grace: number
}

const keys = section({
  schedule: cronPattern.optional(),
  'time-zone': timeZone.optional(),
  every: interval.optional(),
  grace: duration.prefault('24h'),
})

/** The schema of `gc` in settings files. */
export const collectionsSchema = keys.transform((given, context): CollectionsSettings => {
  const { schedule, every, grace, 'time-zone': zone } = given
  const refuse = (message: string) => {
    context.issues.push({ code: 'custom', message, input: given })
    return z.NEVER
  }
  if (schedule !== undefined && every !== undefined)
    return refuse('schedule and every exclude each other: remove one of them')
  if (every !== undefined)
    return zone === undefined
      ? { timing: { every: parseEvery(every) }, grace }
      : refuse('only schedule has a time-zone')
  if (schedule === undefined) return refuse('schedule or every is expected')
  return { timing: { pattern: schedule, timeZone: zone ?? defaultTimeZone }, grace }
})
