import { resolve } from 'node:path'
import { DistError } from '@dist/errdefs'
import type { AppliedSchedules, ScheduledFile } from '@dist/runs'
import { formatTiming } from '@dist/schedule'
import type { CheckedFile } from '@dist/sync'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { shownFile } from '../input/stdin.js'
import { readScheduled } from '../mirror/sources.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import type { QueueOptions } from '../options.js'
import { plural, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'

export interface ApplyOptions extends QueueOptions {
  file: string
  force?: boolean | undefined
}

/** `dist schedule apply`: puts the schedules of a mirror file into the queue. Resolves to the exit code. */
export async function applyFile(context: Context, options: ApplyOptions): Promise<number> {
  const address = await requiredQueue(options, context.env)
  const checked = await readScheduled(context, options.file)
  if (checked === undefined) return exitCodes.usage
  const file = await scheduledFile(checked, options.file)
  await using queue = await openQueue(address, context)
  const applied = await queue.schedules().apply({ ...file, force: options.force })
  if (options.json) printJson(context, { file: file.file, ...applied })
  else showApplied(context, applied, file)
  const others = checked.file.entries.length - file.requests.length
  if (others > 0)
    note(
      context,
      `${plural(others, 'mirror')} of ${shownFile(options.file)} without schedule or every: left out`,
    )
  if ((await queue.runs.store()) === undefined)
    note(context, 'no service has used this queue yet; schedules wait for dist coordinator and dist worker')
  return exitCodes.done
}

async function scheduledFile(checked: CheckedFile, path: string): Promise<ScheduledFile> {
  if (path === '-' && checked.file.name === undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      'stdin: a mirror file without a path needs a name, by which its schedules are known: add the key name',
    )
  const { schedulesOf } = await import('@dist/wiring/mirror-file')
  return schedulesOf(checked, resolve(path))
}

function showApplied(context: Context, applied: AppliedSchedules, { requests }: ScheduledFile): void {
  const timings = new Map(requests.map(({ name, timing }) => [name, formatTiming(timing)]))
  for (const what of ['added', 'changed', 'removed'] as const)
    for (const name of applied[what])
      print(context, [what.padEnd(7), shownName(name), timings.get(name) ?? ''].join('  ').trimEnd())
  const counts = (['added', 'changed', 'unchanged', 'removed'] as const).map(
    (what) => `${applied[what].length} ${what}`,
  )
  print(context, `${plural(requests.length, 'schedule')}: ${counts.join(', ')}`)
}
