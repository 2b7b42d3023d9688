import {
  type EngineDependencies,
  type EngineOptions,
  type ImageOutcome,
  type ImageTask,
  type MirrorEvent,
  mirrorImages,
} from '@dist/mirror'
import type { Reference } from '@dist/reference'
import type { ImageReport } from '@dist/runs'
import type { Registries } from '@dist/settings'
import type { Context } from '../context.js'
import { exitCodeOf } from '../errors/errors.js'
import { bulkPolicy } from '../open/registry.js'
import { noteInterrupted } from '../output/print.js'
import { Tally } from '../progress/run/tally.js'
import { openRunView, type RunView } from '../progress/run/view.js'
import type { FailureGroups } from '../report/failures.js'
import type { Report } from '../report/report.js'
import type { MirrorOptions } from './mirror.js'
import type { Telling } from './notify.js'
import { type Origin, Rest, reportOf } from './outcomes.js'
import type { Pruning } from './prune.js'
import { Troubles } from './troubles.js'

/** Milliseconds between two updates of the progress. */
const interval = 200

/** What this process mirrors. */
export interface Work {
  context: Context
  options: MirrorOptions
  report: Report
  images: Iterable<Reference | ImageTask>
  /** The number of the images. */
  total: number
  originOf: (outcome: Pick<ImageOutcome, 'index' | 'reference' | 'desc'>) => Origin
  /** Images that failed before the engine could have them. They are reported first. */
  failed?: readonly ImageReport[] | undefined
  /** Removes names after the images have ended. */
  pruning?: Pruning | undefined
  /** The settings of registries in a mirror file. */
  registries?: Registries | undefined
  /** Tells targets what has happened, after the report. */
  telling?: Telling | undefined
  /** The registries, if no image goes into the store. */
  to?: string | undefined
  /** Whether no progress is shown. Default: false. */
  quiet?: boolean | undefined
}

/** Runs the engine, shows its progress, and writes the report. Resolves to the exit code. */
export async function runEngine(
  work: Work,
  dependencies: EngineDependencies,
  options: EngineOptions,
): Promise<number> {
  const { context, report, images, total, failed = [], pruning, telling, to } = work
  const { signal } = context
  const policy = await bulkPolicy({ ...work.options, registries: work.registries }, context)
  const progress = {
    tally: new Tally(total, to === undefined ? 'fetching' : 'sending'),
    troubles: new Troubles(dependencies.hosts),
    failures: report.failures,
    // Lines of stdout on the same terminal would break a picture.
    plain: work.options.json === true && context.stdout.isTTY,
    quiet: work.quiet === true,
  }
  const rest = new Rest()
  const reports = watched(context, progress, async function* (onEvent) {
    yield* failed
    for await (const outcome of mirrorImages(images, dependencies, { ...options, policy, signal, onEvent })) {
      rest.add(outcome)
      yield reportOf(outcome, work.originOf(outcome))
    }
    if (pruning !== undefined && !signal.aborted) yield* pruning(total + failed.length)
  })
  const summary = await report.write(heard(reports, telling), { total: total + failed.length, to })
  rest.print(context)
  if (!signal.aborted) await telling?.end()
  if (!signal.aborted) return summary.exitCode
  if (summary.canceled > 0) noteInterrupted(context)
  return exitCodeOf(undefined, signal)
}

async function* heard(reports: AsyncIterable<ImageReport>, telling: Telling | undefined) {
  for await (const report of reports) {
    telling?.add(report)
    yield report
  }
}

interface Progress {
  readonly tally: Tally
  readonly troubles: Troubles
  readonly failures: FailureGroups
  readonly plain: boolean
  readonly quiet: boolean
}

const noView: RunView = { show: () => {}, end: () => {} }

/** Passes on what the work yields, and shows its progress. */
async function* watched<T>(
  context: Context,
  { tally, troubles, failures, plain, quiet }: Progress,
  work: (onEvent: (event: MirrorEvent) => void) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const view = quiet ? noView : await openRunView(context, { plain })
  const show = () => view.show(tally.picture, tally.inFlight, [...failures.remarks(), ...troubles.remarks])
  show()
  const timer = setInterval(show, interval)
  try {
    yield* work((event) => {
      tally.apply(event)
      troubles.apply(event)
    })
  } finally {
    clearInterval(timer)
    // The report lists the failures.
    view.show(tally.picture, tally.inFlight)
    view.end()
  }
}
