import { DistError, isNotFound } from '@dist/errdefs'
import type { RunFilter, RunState, RunStatus, Runs } from '@dist/runs'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import { positive, type QueueOptions, withOutput, withQueue, withTable } from '../options.js'
import { formatBytes, formatDuration, shownName } from '../output/format.js'
import { printJson } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'

const examples = `
The newest run is first. The jobs of a lost run are no longer in the queue: submit it again; only missing content is
fetched.

Examples:
  $ dist runs --queue redis://10.0.0.5:6379
  $ dist runs --limit 5
  $ dist runs --schedule nightly
  $ dist runs --json --state failed | jq -r .id | xargs -rn1 dist retry`

const runStates = ['running', 'done', 'failed', 'canceled', 'lost'] as const satisfies readonly RunState[]

export const runsCommand: Define = (context, onExit) =>
  withTable(withQueue(withOutput(new Command('runs'))))
    .addOption(new Option('--limit <n>', 'list at most this many runs, the newest').argParser(positive))
    .addOption(new Option('--state <state>', 'list the runs in this state').choices(runStates))
    .option('--schedule <name>', 'list the runs that this schedule has started')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await listRuns(context, options)))

export interface RunsOptions extends QueueOptions, TableOptions, RunFilter {}

/** `dist runs`: lists the runs of a queue. */
export async function listRuns(context: Context, options: RunsOptions): Promise<number> {
  await using queue = await openQueue(await requiredQueue(options, context.env), context)
  return await showRuns(context, options, queue.runs)
}

/** Newest first. */
export async function showRuns(
  context: Context,
  { json, trunc, limit, state, schedule }: RunsOptions,
  runs: Pick<Runs, 'list'>,
): Promise<number> {
  const found = await runs.list({ limit, state, schedule })
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
  { title: 'SCHEDULE', cut: 'name', least: 8, rank: 4 },
]

function cells(status: RunStatus): string[] {
  const { id, kind, state, createdAt, images, bytes, collection, to = '-', schedule = '-' } = status
  const age = formatDuration(Date.now() - createdAt.getTime())
  const counts =
    collection === undefined
      ? [`${images.done}/${images.total}`, String(images.failed), formatBytes(bytes.fetched)]
      : ['-', '-', collection.outcome === undefined ? '-' : formatBytes(collection.outcome.deleted.bytes)]
  return [id, kind, state, age, ...counts, to, shownName(schedule)]
}

/**
 * The id of the run that the user means: a whole id, or the beginning of one. Throws `NOT_FOUND` with advice, and
 * `INVALID_ARGUMENT` where several runs begin so.
 */
export async function findRun(runs: Pick<Runs, 'resolve'>, prefix: string): Promise<string> {
  try {
    return await runs.resolve(prefix)
  } catch (cause) {
    throw isNotFound(cause) ? unknownRun(prefix, cause) : cause
  }
}

/** The status of the run that the user means; by default of the latest one. Throws as `findRun`. */
export async function runStatus(
  runs: Pick<Runs, 'list' | 'resolve' | 'status'>,
  prefix: string | undefined,
): Promise<RunStatus> {
  if (prefix !== undefined) return await runs.status(await findRun(runs, prefix))
  const [latest] = await runs.list({ limit: 1 })
  if (latest !== undefined) return latest
  throw new DistError('NOT_FOUND', 'the queue has no run: dist mirror and dist verify submit runs')
}

function unknownRun(run: string, cause: unknown): DistError {
  return new DistError(
    'NOT_FOUND',
    `run ${run}: not in the queue: it is lost or was removed some time after its end; submit it again with dist mirror ` +
      '(only missing content is fetched) or dist verify',
    { cause },
  )
}
