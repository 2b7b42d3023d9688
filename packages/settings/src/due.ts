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

const due = {
  schedule: cronPattern.optional(),
  'time-zone': timeZone.optional(),
  every: interval.optional(),
}
const measurements = section(due)
const collections = section({ ...due, grace: duration.prefault('24h') })
type Due = z.output<typeof measurements>

/** The schema of `gc` in settings files. */
export const collectionsSchema = collections.transform((given, context): CollectionsSettings => {
  const timing = timingOf(given)
  return typeof timing === 'string' ? refuse(context, timing) : { timing, grace: given.grace }
})

/** The schema of `df` in settings files: when coordinators measure the store by themselves. */
export const measurementsSchema = measurements.transform((given, context): Timing => {
  const timing = timingOf(given)
  return typeof timing === 'string' ? refuse(context, timing) : timing
})

/** The timing, or what is wrong with it. */
function timingOf({ schedule, every, 'time-zone': zone }: Due): Timing | string {
  if (schedule !== undefined && every !== undefined)
    return 'schedule and every exclude each other: remove one of them'
  if (every !== undefined)
    return zone === undefined ? { every: parseEvery(every) } : 'only schedule has a time-zone'
  if (schedule === undefined) return 'schedule or every is expected'
  return { pattern: schedule, timeZone: zone ?? defaultTimeZone }
}

function refuse({ issues, value }: z.core.ParsePayload, message: string): never {
  issues.push({ code: 'custom', message, input: value })
  return z.NEVER
}
