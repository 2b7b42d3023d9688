import { defaultTimeZone, parseEvery, type Timing } from '@dist/schedule'
import type { MirrorEntry } from './mirror-file.js'
import type { MirrorInput, SharedInput } from './schema/schema.js'

/** When an entry is mirrored by itself. Its own `schedule` or `every` replaces both keys of the defaults. */
export function timingOf(mirror: MirrorInput, defaults: SharedInput): Timing | undefined {
  const { schedule, every } = mirror.schedule === undefined && mirror.every === undefined ? defaults : mirror
  if (every !== undefined) return { every: parseEvery(every) }
  if (schedule === undefined) return undefined
  const timeZone = mirror['time-zone'] ?? defaults['time-zone'] ?? defaultTimeZone
  return { pattern: schedule, timeZone }
}

/** What an entry with a schedule lacks, or has too much: the key, empty for the whole entry, and why. */
export function missingForSchedule(
  mirror: MirrorInput,
  defaults: SharedInput,
  { timing }: MirrorEntry,
): readonly (readonly [key: string, message: string])[] {
  const found: [string, string][] = []
  const { schedule, every } = mirror.schedule === undefined && mirror.every === undefined ? defaults : mirror
  if (schedule !== undefined && every !== undefined)
    found.push(['every', 'schedule and every exclude each other: remove one of them'])
  if (timing !== undefined && mirror.name === undefined)
    found.push(['', 'an entry with a schedule needs a name: add one, such as "name: nightly"'])
  const hasPattern = timing !== undefined && 'pattern' in timing
  if (mirror['time-zone'] !== undefined && !hasPattern)
    found.push(['time-zone', 'only schedule has a time zone: add schedule, or remove this key'])
  return found
}
