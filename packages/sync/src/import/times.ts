import { DistError } from '@dist/errdefs'
import { checkPattern, checkTimeZone, formatEvery, parseEvery } from '@dist/schedule'
import { entryOf, type Node } from '../document/node.js'
import type { Draft } from './draft.js'
import { textOf } from './fields.js'

/** The keys of a mirror with times. */
type Times = Readonly<Record<string, string>>

const goUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** The times of an entry of regsync: `schedule`, else `interval`, each also from the defaults. */
export function regsyncTimes(entry: Node, defaults: Node | undefined, draft: Draft): Times {
  const [schedule, interval] = ['schedule', 'interval'].map(
    (key) => entryOf(entry, key) ?? entryOf(defaults, key),
  )
  if (textOf(schedule) !== undefined) return cronTimes(schedule as Node, draft)
  return textOf(interval) === undefined
    ? {}
    : everyOf(interval as Node, goDuration(textOf(interval) ?? ''), draft)
}

/** The interval of a task of dregsy, in seconds. Without one the task runs once. */
export function dregsyTimes(task: Node, draft: Draft): Times {
  const interval = entryOf(task, 'interval')
  const seconds = Number(textOf(interval) ?? 0)
  return interval === undefined || seconds === 0 ? {} : everyOf(interval, seconds * 1_000, draft)
}

/** What regsync's cron reads: a time zone in front, and `@every`. */
function cronTimes(node: Node, draft: Draft): Times {
  const [, zone, pattern = ''] = /^(?:(?:CRON_)?TZ=(\S+)\s+)?(.*)$/s.exec(textOf(node) ?? '') ?? []
  const [, interval] = /^@every\s+(\S+)$/.exec(pattern) ?? []
  if (interval !== undefined) return everyOf(node, goDuration(interval), draft)
  try {
    checkPattern(pattern)
    if (zone !== undefined) checkTimeZone(zone)
  } catch (error) {
    return leftOut(node, error, draft)
  }
  if (zone !== undefined) return { schedule: pattern, 'time-zone': zone }
  draft.remark(
    node.at,
    'the time zone is UTC, where regsync takes that of its machine: add time-zone for another',
  )
  return { schedule: pattern }
}

function everyOf(node: Node, milliseconds: number, draft: Draft): Times {
  const every = Number.isNaN(milliseconds) ? (textOf(node) ?? '') : formatEvery(milliseconds)
  try {
    parseEvery(every)
    return { every }
  } catch (error) {
    return leftOut(node, error, draft)
  }
}

function leftOut({ at }: Node, error: unknown, draft: Draft): Times {
  if (!(error instanceof DistError)) throw error
  draft.remark(at, `the times are left out: ${error.message}`)
  return {}
}

/** A duration of Go, such as `1h30m`, in milliseconds. NaN for what is none. */
function goDuration(text: string): number {
  const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)]
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text
  if (!isWhole) return Number.NaN
  return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (goUnits[unit] ?? 0), 0)
}
