import type { RunStatus, Runs } from '@dist/runs'
import { requiredQueue } from '@dist/settings'
import { openQueue } from '@dist/wiring'
import type { Context } from '../../context.js'
import { exitCodes } from '../../exit.js'
import { formatBytes, formatDuration } from '../../format.js'
import type { QueueOptions } from '../../options.js'
import { printJson } from '../../output.js'
import { type Column, type TableOptions, tableFor } from '../../table.js'

export interface RunsOptions extends QueueOptions, TableOptions {}

/** `dist runs`: the runs that the queue knows. */
export async function listRuns(context: Context, options: RunsOptions): Promise<number> {
  await using queue = await openQueue(requiredQueue(options, context.env), context.env)
  return await showRuns(context, options, queue.runs)
}

/** Newest first. */
export async function showRuns(
  context: Context,
  { json, trunc }: RunsOptions,
  runs: Pick<Runs, 'list'>,
): Promise<number> {
  const found = await runs.list()
  if (json) for (const status of found) printJson(context, status)
  else context.stdout.write(tableFor(context, columns, found.map(cells), { trunc }))
  return exitCodes.done
}

const columns: readonly Column[] = [
  { title: 'RUN' },
  { title: 'KIND', rank: 2 },
  { title: 'STATE' },
  { title: 'AGE' },
  { title: 'IMAGES' },
  { title: 'FAILED' },
  { title: 'BYTES', rank: 3 },
  { title: 'TO', cut: 'name', least: 12, rank: 1 },
]

function cells({ id, kind, state, createdAt, images, bytes, to = '-' }: RunStatus): string[] {
  const age = formatDuration(Date.now() - createdAt.getTime())
  const counts = [`${images.done}/${images.total}`, String(images.failed), formatBytes(bytes.fetched)]
  return [id, kind, state, age, ...counts, to]
}
