import { DistError, sanitize } from '@dist/errdefs'
import {
  type CollectionStatus,
  describeObstacle,
  type FailureCause,
  type ImageReport,
  type Obstacle,
  type ObstacleReader,
  type RunStatus,
  type Runs,
  type Undelivered,
} from '@dist/runs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { noteAway, openQueue, persistentQueue, requiredQueue } from '../open/queue.js'
import { type QueueOptions, withOutput, withQueue } from '../options.js'
import { formatBytes, formatDuration, plural } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { progressLine } from '../progress/collection.js'
import { openRunView } from '../progress/run/view.js'
import { outcomeLines } from '../report/collection.js'
import { failureLines, failuresAtMost, jsonReport, openReport, type Report } from '../report/report.js'
import { verbOf } from '../report/summary.js'
import { concerns, followRun, RunDisplay } from './follow.js'
import { reportRun, reportSoFar } from './report.js'
import { runStatus } from './runs.js'

const examples = `
Default: the latest run. --watch follows the run to its end; its report and its exit code are those of dist mirror. Ctrl-C
does not cancel the run. The beginning of an id is enough if it is unique.

Examples:
  $ dist status
  $ dist status --watch 01hx3k
  $ dist status --report report.jsonl 01hx3k`

export const statusCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('status')))
    .argument('[run]', 'a run, as dist runs shows it')
    .option('--watch', 'follow the run to its end')
    .option('--report <file>', 'write the result of each image into a file, as JSON lines')
    .addHelpText('after', examples)
    .action(async (run: string | undefined, options) => onExit(await status(context, run, options)))

export interface StatusOptions extends QueueOptions {
  watch?: boolean | undefined
  report?: string | undefined
}

/** `dist status`: shows the progress of a run, and what failed. */
export async function status(
  context: Context,
  run: string | undefined,
  options: StatusOptions,
): Promise<number> {
  const address = await requiredQueue(options, context.env)
  await using report = await openReport(context, options)
  await using queue = await openQueue(
    address,
    context,
    options.watch ? { ...persistentQueue(context), waitAtStart: true } : { signal: context.signal },
  )
  return await showStatus(context, run, options, { runs: queue.runs, obstacles: queue.obstacles, report })
}

export interface StatusParts {
  runs: Pick<Runs, 'list' | 'resolve' | 'status' | 'watch' | 'images' | 'failed' | 'causes' | 'deleted'>
  obstacles?: ObstacleReader | undefined
  report: Report
  /** Milliseconds between two queries of `--watch`. Default: 1,000. */
  every?: number | undefined
}

/** Resolves to the exit code of the run with `--watch`, else to 0. */
export async function showStatus(
  context: Context,
  run: string | undefined,
  options: StatusOptions,
  parts: StatusParts,
): Promise<number> {
  if (!options.watch) await noteLostSchedules(context, parts)
  const found = await runStatus(parts.runs, run)
  if (options.watch) return watchRun(context, found, parts)
  if (found.state === 'lost') note(context, lostRun(found.id).message)
  if (options.report !== undefined) {
    await reportRun(context, parts.runs, found, parts.report)
    return exitCodes.done
  }
  const read = found.state === 'running' ? ((await parts.obstacles?.(found.id)) ?? []) : []
  const obstacles = read.filter((each) => concerns(found.kind, each))
  const causes = found.images.failed > 0 ? await parts.runs.causes(found.id) : []
  if (options.json) {
    printJson(context, { ...found, obstacles, causes, failures: await firstFailures(found, parts.runs) })
    return exitCodes.done
  }
  for (const line of statusLines(found, Date.now(), obstacles)) print(context, line)
  if (found.images.failed > shownFailures)
    for (const cause of causes.slice(0, shownCauses)) print(context, causeLine(cause))
  for await (const line of failedLines(parts.runs.failed(found.id))) print(context, line)
  return exitCodes.done
}

/** They are lost whichever run is shown, and also if none is left. */
async function noteLostSchedules(context: Context, { obstacles }: StatusParts): Promise<void> {
  for (const each of (await obstacles?.()) ?? [])
    if (each.kind === 'lost-schedules') note(context, sanitize(describeObstacle(each), 1_000))
}

async function firstFailures(status: RunStatus, runs: Pick<Runs, 'failed'>): Promise<object[]> {
  const failures: object[] = []
  for await (const image of runs.failed(status.id)) {
    failures.push(jsonReport(image, verbOf(status)))
    if (failures.length === failuresAtMost) break
  }
  return failures
}

async function watchRun(
  context: Context,
  { id }: RunStatus,
  { runs, obstacles, report, every }: StatusParts,
): Promise<number> {
  const view = await openRunView(context)
  const display = new RunDisplay(view, { runs, obstacles })
  try {
    const ended = await followRun(runs, id, {
      signal: context.signal,
      onStatus: (now) => display.show(now),
      onAway: noteAway(context),
      every,
    })
    view.end()
    if (ended === undefined) throw lostRun(id)
    return await reportRun(context, runs, ended, report)
  } catch (error) {
    view.end()
    if (context.signal.aborted) await reportSoFar(context, runs, id, report)
    throw error
  } finally {
    view.end()
  }
}

function lostRun(run: string): DistError {
  return new DistError(
    'UNAVAILABLE',
    `run ${run} is lost: its jobs are no longer in the queue; submit it again, a mirror run then fetches only missing content`,
  )
}

function describeUndelivered({ entry, target, error }: Undelivered): string {
  return `of ${entry} not delivered to ${target}: ${error.message}`
}

/** Failed images that are shown. A run with more of them is shown with its causes, too. */
const shownFailures = 20
const shownCauses = 20

/** `cause      5d1fa2c09b7e  3,333 images: registry.test: the registry has no such tag`. */
function causeLine({ id, images, host, message }: FailureCause): string {
  const where = host === undefined || message.includes(host) ? '' : `${sanitize(host, 300)}: `
  return `cause      ${id}  ${plural(images, 'image')}: ${where}${sanitize(message, 500)}`
}

/** The status of a run as lines. `now` is in milliseconds. */
export function statusLines(status: RunStatus, now: number, obstacles: readonly Obstacle[] = []): string[] {
  const { id, kind, state, schedule, createdAt, endedAt, elapsed, store, to, error } = status
  const { pruned, remarks, undelivered } = status
  const ago = formatDuration(now - createdAt.getTime())
  const took = endedAt === undefined ? '' : `, took ${formatDuration(elapsed)}`
  const rows = [
    ['run', id],
    ['kind', kind],
    ['state', state],
    ...(error === undefined ? [] : [['error', sanitize(error.message, 500)]]),
    ...(schedule === undefined ? [] : [['schedule', sanitize(schedule, 200)]]),
    ['submitted', `${ago} ago${took}`],
    to === undefined ? ['store', store] : ['to', to],
    ...platformRow(status),
    ...(status.collection === undefined ? imageRows(status) : collectionRows(status.collection)),
    ...(status.repair === undefined ? [] : [['repair', status.repair]]),
    ...(pruned.names > 0 ? [['pruned', `${pruned.names}`]] : []),
    ...remarks.map((remark) => ['remark', sanitize(remark, 500)]),
    ...undelivered.map((notice) => ['notice', sanitize(describeUndelivered(notice), 500)]),
    ...obstacles.map((obstacle) => ['waits', sanitize(describeObstacle(obstacle, now), 1_000)]),
  ]
  return rows.map(([name = '', value = '']) => `${name.padEnd(9)}  ${value}`.trimEnd())
}

function imageRows(status: RunStatus): [string, string][] {
  const { blobs, bytes } = status
  return [
    ['images', imagesCell(status)],
    ['blobs', `${blobs.done}/${blobs.total} done, ${blobs.failed} failed`],
    ['bytes', `${formatBytes(bytes.fetched)} of ${formatBytes(bytes.total)} ${verbOf(status)}`],
  ]
}

function collectionRows(collection: CollectionStatus): [string, string][] {
  const { grace, dryRun, progress, outcome } = collection
  const lines = outcome === undefined ? [] : outcomeLines(outcome, collection)
  return [
    ['grace', `${formatDuration(grace)}${dryRun ? ' (dry run)' : ''}`],
    ...(progress === undefined ? [] : [['progress', progressLine(progress, dryRun)] as [string, string]]),
    ...lines.map((line): [string, string] => ['garbage', line]),
  ]
}

function imagesCell({ images }: RunStatus): string {
  const { done, total, failed, canceled, active } = images
  const given = canceled > 0 ? `, ${canceled} canceled` : ''
  return `${done}/${total} done, ${failed} failed${given}, ${active} in flight`
}

/** A verification has no platforms: it verifies those of the store. */
function platformRow({ kind, platforms }: RunStatus): [string, string][] {
  if (kind !== 'mirror') return []
  return [['platforms', platforms === 'all' ? platforms : platforms.join(', ')]]
}

/** The first failures, and the number of the others. */
export async function* failedLines(failed: AsyncIterable<ImageReport>): AsyncIterable<string> {
  let count = 0
  for await (const image of failed) {
    count++
    if (count > shownFailures) continue
    for (const [i, line] of failureLines(image).entries())
      yield i === 0 ? `failed     ${line}` : `         ${line}`
  }
  if (count > shownFailures)
    yield `           and ${count - shownFailures} more; --report FILE lists all of them`
}
