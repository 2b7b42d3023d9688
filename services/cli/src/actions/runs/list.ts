import { openQueue, requiredQueue } from '@dist/composition'
import type { RunStatus, Runs } from '@dist/queue'
import type { Context } from '../../context.js'
import { exitCodes } from '../../exit.js'
import { formatBytes, formatDuration, formatTable } from '../../format.js'
import type { QueueOptions } from '../../options.js'
import { printJson } from '../../output.js'

/** `dist runs`: the runs that the queue knows. */
export async function listRuns(context: Context, options: QueueOptions): Promise<number> {
  await using queue = await openQueue(requiredQueue(options, context.env), context.env)
  return await showRuns(context, options, queue.runs)
}

/** Newest first. */
export async function showRuns(
  context: Context,
  { json }: QueueOptions,
  runs: Pick<Runs, 'list'>,
): Promise<number> {
  const found = await runs.list()
  if (json) for (const status of found) printJson(context, status)
  else context.stdout.write(formatTable(head, found.map(cells)))
  return exitCodes.done
}

const head = ['RUN', 'KIND', 'STATE', 'AGE', 'IMAGES', 'FAILED', 'BYTES', 'TO']

function cells({ id, kind, state, createdAt, images, bytes, to = '-' }: RunStatus): string[] {
  const age = formatDuration(Date.now() - createdAt.getTime())
  const counts = [`${images.done}/${images.total}`, String(images.failed), formatBytes(bytes.fetched)]
  return [id, kind, state, age, ...counts, to]
}
