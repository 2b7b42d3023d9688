import { DistError, hasCode, isNotFound, sanitize } from '@dist/errdefs'
import type { ObstacleReader, RunRequest, RunStatus, Runs } from '@dist/runs'
import type { QueueAddress } from '@dist/settings/command'
import type { Context } from '../context.js'
import { exitCodeOf, exitCodes } from '../errors/errors.js'
import { noteAway } from '../open/queue.js'
import { openStore } from '../open/store.js'
import type { StoreOptions } from '../options.js'
import { note, print, printFailure, printJson } from '../output/print.js'
import { openRunView } from '../progress/run/view.js'
import { openReport, type Report } from '../report/report.js'
import { followRun, pause, RunDisplay } from './follow.js'
import { reportRun, reportSoFar } from './report.js'

/** How often a lost run is submitted again. */
const resubmissions = 10

export interface SubmitParts {
  runs: Runs
  obstacles?: ObstacleReader | undefined
  report: Report
  /** Milliseconds between two queries of the run. Default: 1,000. */
  every?: number | undefined
}

export interface SubmitOptions {
  json?: boolean | undefined
  detach?: boolean | undefined
}

/** `isJoined`: it was under way already. Default: false. */
interface SubmittedRun {
  readonly run: string
  readonly isJoined?: boolean | undefined
}

/** A run that is submitted, and again if the queue loses it. */
export interface Submission {
  readonly submit: () => Promise<SubmittedRun>
  /** The run, for the user. */
  readonly what: string
  /** What a run that is submitted again does. */
  readonly again: string
  /** The run that goes on with the result of this one, and gives the exit code. Default: none does. */
  readonly next?: ((status: RunStatus) => Submission | undefined) | undefined
}

/** The submission of a run of images. */
export function submissionOf(runs: Pick<Runs, 'submit'>, request: RunRequest, what: string): Submission {
  const again = request.kind === 'verify' ? 'all content is read again' : 'only missing content is fetched'
  return { submit: async () => ({ run: await runs.submit(request) }), what, again }
}

/** Submits a run, and follows it unless `--detach` is given. Resolves to the exit code. */
export async function submitRun(
  context: Context,
  submission: Submission,
  options: SubmitOptions,
  parts: SubmitParts,
): Promise<number> {
  const { runs } = parts
  const { run, isJoined = false } = await submission.submit()
  note(context, `run ${run}: ${submission.what} ${isJoined ? 'is under way already' : 'submitted'}`)
  if ((await runs.store()) === undefined)
    note(context, 'no service has used this queue yet; the run waits for dist coordinator and dist worker')
  if (!options.detach) return attached(context, run, submission, parts)
  if (options.json) printJson(context, { run })
  else print(context, run)
  noteNextCommands(context, run)
  return exitCodes.done
}

/** Checks the flags of runs. Throws `INVALID_ARGUMENT` for `--detach` without a queue or with `--report`. */
export function checkDetaching(
  { detach, report }: { detach?: boolean | undefined; report?: string | undefined },
  queue: QueueAddress | undefined,
): void {
  if (detach && queue === undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      '--detach needs a queue: give --queue redis://host:port or set DIST_QUEUE',
    )
  if (detach && report !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      '--report and --detach exclude each other; dist status <run> --report FILE writes the report later',
    )
}

/** The id of the store of `--store`, to be compared with that of the services; undefined without `--store`. */
export async function givenStoreId(options: StoreOptions, { env }: Context): Promise<string | undefined> {
  if (options.store === undefined) return undefined
  try {
    await using store = await openStore(options, env)
    if (store.id !== undefined) return store.id
    throw new DistError('NOT_FOUND', `${sanitize(store.url)}: not a store of dist`)
  } catch (cause) {
    if (!isNotFound(cause)) throw cause
    const advice = `with a queue the store is that of the services: leave --store out`
    throw new DistError('NOT_FOUND', `${(cause as Error).message}; ${advice}`, { cause })
  }
}

/** Follows the run to its end. Submits it again if the queue has lost it. */
async function attached(
  context: Context,
  first: string,
  submission: Submission,
  parts: SubmitParts,
): Promise<number> {
  let run = first
  const view = await openRunView(context)
  const display = new RunDisplay(
    view,
    parts.every === undefined ? parts : { ...parts, every: 2 * parts.every },
  )
  try {
    for (let lost = 0; ; lost++) {
      const status = await follow(context, run, display, parts)
      if (status !== undefined) {
        view.end()
        const code = await reportRun(context, parts.runs, status, parts.report)
        const next = submission.next?.(status)
        if (next === undefined) return code
        const followed = (await next.submit()).run
        note(context, `run ${followed}: ${next.what}`)
        await using report = await openReport(context, { json: parts.report.json })
        return await attached(context, followed, next, { ...parts, report })
      }
      if (lost === resubmissions) throw lostTooOften(run, lost)
      const again = await submitAgain(context, submission, parts)
      note(
        context,
        `run ${run} is lost: its jobs are no longer in the queue; submitted again as ${again}, ${submission.again}`,
      )
      run = again
    }
  } catch (error) {
    if (!context.signal.aborted) throw error
    view.end()
    await reportSoFar(context, parts.runs, run, parts.report)
    printFailure(context, { code: 'CANCELED', message: `detached from run ${run}: the run continues` })
    noteNextCommands(context, run)
    return exitCodeOf(error, context.signal)
  } finally {
    view.end()
  }
}

function follow(
  context: Context,
  run: string,
  display: RunDisplay,
  { runs, every }: SubmitParts,
): Promise<RunStatus | undefined> {
  return followRun(runs, run, {
    signal: context.signal,
    onStatus: (status) => display.show(status),
    onAway: noteAway(context),
    every,
  })
}

/** Retries: a queue that has just lost its data may not accept a run at once. */
async function submitAgain(
  { signal }: Context,
  { submit }: Submission,
  { every = 1000 }: SubmitParts,
): Promise<string> {
  for (;;) {
    try {
      return (await submit()).run
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED')) throw error
    }
    await pause(every, signal)
  }
}

function lostTooOften(run: string, times: number): DistError {
  return new DistError(
    'UNAVAILABLE',
    `run ${run} is lost after ${times} submissions; check the memory and the persistence of the queue`,
  )
}

function noteNextCommands(context: Context, run: string): void {
  note(context, `to follow it: dist status --watch ${run}`)
  note(context, `to cancel it: dist cancel ${run}`)
}
