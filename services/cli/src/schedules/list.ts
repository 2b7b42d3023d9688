import { sanitize } from '@dist/errdefs'
import { describeObstacle, type Obstacle, type ScheduleStatus, type Schedules } from '@dist/runs'
import { formatTiming } from '@dist/schedule'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import type { QueueOptions } from '../options.js'
import { formatDuration, shownName } from '../output/format.js'
import { note, printJson } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'

interface ListOptions extends QueueOptions, TableOptions {}

/** `dist schedule list`: lists the schedules of a queue, and what keeps them from starting runs. Resolves to the exit code. */
export async function listSchedules(context: Context, options: ListOptions): Promise<number> {
  await using queue = await openQueue(await requiredQueue(options, context.env), context)
  const code = await showSchedules(context, options, queue.schedules())
  for (const obstacle of await queue.obstacles())
    if (isInTheWay(obstacle)) note(context, sanitize(describeObstacle(obstacle), 1_000))
  return code
}

/** Whether schedules start no runs because of it. */
function isInTheWay(obstacle: Obstacle): boolean {
  if (obstacle.kind === 'no-service') return obstacle.service === 'coordinator'
  if (obstacle.kind === 'paused-queue') return obstacle.queue === 'schedules'
  return obstacle.kind === 'lost-schedules'
}

/** By name. Why a start failed is printed to stderr. */
export async function showSchedules(
  context: Context,
  { json, trunc }: ListOptions,
  schedules: Pick<Schedules, 'list'>,
): Promise<number> {
  const found = await schedules.list()
  if (json) for (const each of found) printJson(context, jsonOf(each))
  else context.stdout.write(tableFor(context, columns, found.map(cells), { trunc }))
  for (const { name, error } of found)
    if (error !== undefined)
      note(context, `${shownName(name)}: its last start failed: ${sanitize(error.message, 500)}`)
  return exitCodes.done
}

function jsonOf({ timing, error, ...status }: ScheduleStatus): object {
  const failure = error === undefined ? {} : { error: error.message, code: error.code }
  return { ...status, when: formatTiming(timing), ...failure }
}

const columns: readonly Column[] = [
  { title: 'NAME', cut: 'name', least: 12 },
  { title: 'WHEN' },
  { title: 'NEXT' },
  { title: 'LAST', rank: 1 },
  { title: 'STATE' },
  { title: 'RUN', rank: 2 },
  { title: 'FILE', cut: 'name', least: 12, rank: 3 },
]

function cells({ name, timing, next, run, file, ...status }: ScheduleStatus): string[] {
  const last = run === undefined ? '-' : `${formatDuration(Date.now() - run.startedAt.getTime())} ago`
  return [
    shownName(name),
    formatTiming(timing),
    next === undefined ? '-' : shownTime(next),
    last,
    stateOf({ run, ...status }),
    run?.id ?? '-',
    shownName(file),
  ]
}

/** `2026-11-30T03:15Z`: schedules have whole minutes, mostly. */
function shownTime(time: Date): string {
  return time.toISOString().replace(/(:00)?\.\d+Z$/, 'Z')
}

/** Of its last run, and what keeps it from another one. */
function stateOf({
  paused,
  run,
  skipped,
  error,
}: Pick<ScheduleStatus, 'paused' | 'run' | 'skipped' | 'error'>): string {
  const last = error !== undefined ? 'not started' : run === undefined ? '-' : (run.state ?? 'removed')
  const states = [...(paused ? ['paused'] : []), ...(paused && last === '-' ? [] : [last])]
  return `${states.join(', ')}${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
