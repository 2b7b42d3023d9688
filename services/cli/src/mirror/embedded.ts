import { codeOf, isCanceled } from '@dist/errdefs'
import {
  destinationName,
  destinationOf,
  type EngineDependencies,
  type EngineOptions,
  type ImageOutcome,
  type MirrorEvent,
  mirrorImages,
  requestForRegistry,
  storeTarget,
} from '@dist/mirror'
import { formatReference, type Locator, parsePrefix, type Reference } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { ImageReport } from '@dist/runs'
import type { Context } from '../context.js'
import { describeError, exitCodeOf, traceDefect } from '../errors/errors.js'
import { requestedPlatforms } from '../images/destinations.js'
import { openIngest, openPushes, pushIngest } from '../open/ingest.js'
import { bulkPolicy, noteWithoutBars, openRegistry, requestSettings } from '../open/registry.js'
import { openStore } from '../open/store.js'
import { formatBytes, plural } from '../output/format.js'
import { note, noteInterrupted } from '../output/print.js'
import { Tally } from '../progress/run/tally.js'
import { openRunView } from '../progress/run/view.js'
import type { Report } from '../report/report.js'
import type { MirrorOptions } from './mirror.js'
import { Troubles } from './troubles.js'

/** Milliseconds between two updates of the progress. */
const interval = 200

/** Mirrors in this process, into the store or to the registry of the options. Resolves to the exit code. */
export async function mirrorEmbedded(
  context: Context,
  references: readonly Reference[],
  options: MirrorOptions,
  report: Report,
): Promise<number> {
  await using remote = await openRegistry(options, context, noteWithoutBars(context, {}))
  const work = { context, references, report, options }
  if (options.to !== undefined) return await mirrorTo(options.to, remote, work)
  const platforms = requestedPlatforms(options.platform)
  await using store = await openStore(options, context.env, { create: true })
  await using ingest = await openIngest({
    store,
    remote,
    requests: await requestSettings(options, context),
    concurrency: options.concurrency,
  })
  const target = storeTarget(store.content, store.names)
  return await mirrored(
    work,
    { source: remote, target, ingest: ingest.blob, hosts: remote.limiter },
    { platforms },
  )
}

/** Mirrors to a registry, with referrers. For one platform only its manifest is sent. */
async function mirrorTo(to: string, remote: Registry, work: Work): Promise<number> {
  const { platform, concurrency } = work.options
  const prefix = parsePrefix(to)
  const { source, platforms, nameOf } = requestForRegistry(remote, requestedPlatforms(platform))
  const pushes = await openPushes(remote)
  const destination = (reference: Reference) => destinationOf(nameOf(reference), prefix)
  const target = pushes.targetAt(destination)
  const ingest = pushIngest(pushes, concurrency)
  return await mirrored(
    work,
    { source, target, ingest, hosts: remote.limiter },
    { platforms, referrers: true },
  )
}

interface Work {
  context: Context
  references: readonly Reference[]
  options: MirrorOptions
  report: Report
}

async function mirrored(
  { context, references, options: given, report }: Work,
  dependencies: EngineDependencies,
  options: EngineOptions,
): Promise<number> {
  const { signal } = context
  const { to } = given
  const policy = await bulkPolicy(given, context)
  const total = references.length
  const tally = new Tally(total, to === undefined ? 'fetching' : 'sending')
  const troubles = new Troubles(dependencies.hosts)
  const outcomes = await watched(context, tally, troubles, (onEvent) =>
    mirrorImages(references, dependencies, { ...options, policy, signal, onEvent }),
  )
  const prefix = to === undefined ? undefined : parsePrefix(to)
  const reports = outcomes.map((outcome, i) => reportOf(outcome, i, prefix))
  const summary = await report.write(reports, { total, to })
  for (const { error } of outcomes) if (error !== undefined) traceDefect(context, error)
  noteSkipped(context, outcomes)
  if (!signal.aborted) return summary.exitCode
  if (summary.canceled > 0) noteInterrupted(context)
  return exitCodeOf(undefined, signal)
}

/** Runs the work and shows its progress. */
async function watched<T>(
  context: Context,
  tally: Tally,
  troubles: Troubles,
  work: (onEvent: (event: MirrorEvent) => void) => Promise<T>,
): Promise<T> {
  const view = await openRunView(context)
  const show = () => view.show(tally.picture, tally.inFlight, troubles.remarks)
  show()
  const timer = setInterval(show, interval)
  try {
    return await work((event) => {
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

/** An outcome as a run reports it. `to`: the destination, if it is a registry. */
function reportOf(outcome: ImageOutcome, index: number, to?: Locator): ImageReport {
  const { reference, desc, upToDate, fetched, total, remarks, error } = outcome
  const common = {
    index,
    reference: formatReference(reference),
    ...(to === undefined ? {} : { to: destinationName(reference, to, desc?.digest) }),
    ...(desc === undefined ? {} : { digest: desc.digest }),
    fetched,
    ...(remarks.length === 0 ? {} : { remarks }),
  }
  if (isCanceled(error)) return { ...common, state: 'canceled' }
  if (error !== undefined)
    return { ...common, state: 'failed', error: { code: codeOf(error), message: describeError(error) } }
  const shared = { objects: total.objects - fetched.objects, bytes: total.bytes - fetched.bytes }
  return { ...common, state: 'done', upToDate, shared }
}

function noteSkipped(context: Context, outcomes: readonly ImageOutcome[]): void {
  const skipped = outcomes.flatMap((outcome) => outcome.skipped)
  if (skipped.length === 0) return
  const bytes = skipped.reduce((sum, desc) => sum + desc.size, 0)
  note(context, `left ${plural(skipped.length, 'foreign layer')} (${formatBytes(bytes)}) at their publisher`)
}
