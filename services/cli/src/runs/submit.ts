import { DistError, hasCode, isNotFound, sanitize } from '@dist/errdefs'
import type { ObstacleReader, RunRequest, RunStatus, Runs } from '@dist/runs'
import type { Context } from '../context.js'
import { exitCodeOf, exitCodes } from '../errors/exit.js'
import { noteAway } from '../open/queue.js'
import { openStore } from '../open/store.js'
import type { StoreOptions } from '../options.js'
import { note, print, printFailure, printJson } from '../output/print.js'
import { openRunView } from '../progress/run/view.js'
import type { Report } from '../report/report.js'
import { followRun, pause, RunDisplay } from './follow.js'
import { reportRun, reportSoFar } from './report.js'

/** Times that a run which was lost is submitted again. */
const resubmissions = 10

export interface SubmitParts {
  runs: Runs
  obstacles?: ObstacleReader | undefined
  report: Report
  /** Milliseconds between two looks at the run. Default 1,000. */
  every?: number | undefined
}

export interface SubmitOptions {
  json?: boolean | undefined
  detach?: boolean | undefined
}

/**
 * Has the services do what is asked for, and follows them unless it is told to detach; resolves to the exit code.
 * `what` says how much it is.
 */
export async function submitRun(
  context: Context,
  request: RunRequest,
  what: string,
  options: SubmitOptions,
  parts: SubmitParts,
): Promise<number> {
  const { runs } = parts
  const run = await runs.submit(request)
  note(context, `run ${run}: ${what} submitted`)
  if ((await runs.store()) === undefined)
    note(context, 'no service has used this queue yet; the run waits for dist coordinator and dist worker')
  if (!options.detach) return attached(context, run, request, parts)
  if (options.json) printJson(context, { run })
  else print(context, run)
  sayHowToGoOn(context, run)
  return exitCodes.done
}

/** What only a run of services has. `INVALID_ARGUMENT` for what excludes each other, and for either without a queue. */
export function checkDetaching(
  { detach, report }: { detach?: boolean | undefined; report?: string | undefined },
  queue: string | undefined,
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

/** The id of the store that is meant, so that a run never concerns another one; undefined where none is named. */
export async function meantStore(options: StoreOptions, { env }: Context): Promise<string | undefined> {
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

/** Follows the run to its end, and submits it anew where the queue has lost it. */
async function attached(
  context: Context,
  first: string,
  request: RunRequest,
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
        return await reportRun(context, parts.runs, status, parts.report)
      }
      if (lost === resubmissions) throw lostForGood(run, lost)
      const again = await submitAgain(context, request, parts)
      const rest = request.kind === 'verify' ? 'all content is read again' : 'only missing content is fetched'
      note(
        context,
        `run ${run} is lost: its jobs are no longer in the queue; submitted again as ${again}, ${rest}`,
      )
      run = again
    }
  } catch (error) {
    if (!context.signal.aborted) throw error
    view.end()
    await reportSoFar(context, parts.runs, run, parts.report)
    printFailure(context, { code: 'CANCELED', message: `detached from run ${run}: the run continues` })
    sayHowToGoOn(context, run)
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

/** A queue that has just lost everything may need a moment until it takes something again. */
async function submitAgain(
  { signal }: Context,
  request: RunRequest,
  { runs, every = 1000 }: SubmitParts,
): Promise<string> {
  for (;;) {
    try {
      return await runs.submit(request)
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED')) throw error
    }
    await pause(every, signal)
  }
}

function lostForGood(run: string, times: number): DistError {
  return new DistError(
    'UNAVAILABLE',
    `run ${run} is lost after ${times} submissions; check the memory and the persistence of the queue`,
  )
}

function sayHowToGoOn(context: Context, run: string): void {
  note(context, `to follow it: dist status --watch ${run}`)
  note(context, `to cancel it: dist cancel ${run}`)
}
