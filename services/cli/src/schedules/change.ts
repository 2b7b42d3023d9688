import type { Schedules } from '@dist/runs'
import type { Context } from '../context.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import type { QueueOptions } from '../options.js'
import { shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { forEachOf } from '../several.js'

/** `dist schedule pause`, `resume` and `remove`: prints the names. Resolves to the exit code. */
export async function change(
  context: Context,
  names: readonly string[],
  { json }: QueueOptions,
  what: 'pause' | 'resume' | 'remove',
  schedules: Pick<Schedules, 'pause' | 'resume' | 'remove'>,
): Promise<number> {
  return await forEachOf(context, names, { json, member: 'schedule' }, async (name) => {
    await schedules[what](name)
    if (json) printJson(context, { schedule: name })
    else print(context, shownName(name))
  })
}

/** `dist schedule run`: starts runs, and prints their ids. Resolves to the exit code. */
export async function runNow(
  context: Context,
  names: readonly string[],
  options: QueueOptions,
): Promise<number> {
  await using queue = await openQueue(await requiredQueue(options, context.env), context)
  const schedules = queue.schedules()
  const { json } = options
  return await forEachOf(context, names, { json, member: 'schedule' }, async (name) => {
    const run = await schedules.run(name)
    if (json) printJson(context, { schedule: name, run })
    else print(context, run)
    note(context, `to follow it: dist status --watch ${run}`)
  })
}
