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
import type { FailureGroups } from '../report/failures.js'
import type { Report } from '../report/report.js'
import type { MirrorOptions } from './mirror.js'
import type { References } from './references.js'
import { Troubles } from './troubles.js'

/** Milliseconds between two updates of the progress. */
const interval = 200

/** Mirrors in this process, into the store or to the registry of the options. Resolves to the exit code. */
export async function mirrorEmbedded(
  context: Context,
  references: References,
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
  references: References
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
  const total = references.size
  const progress = {
    tally: new Tally(total, to === undefined ? 'fetching' : 'sending'),
    troubles: new Troubles(dependencies.hosts),
    failures: report.failures,
    // Lines of stdout on the same terminal would break a picture.
    plain: given.json === true && context.stdout.isTTY,
  }
  const rest = new Rest()
  const prefix = to === undefined ? undefined : parsePrefix(to)
  const reports = watched(context, progress, (onEvent) => {
    const outcomes = mirrorImages(references, dependencies, { ...options, policy, signal, onEvent })
    return reportsOf(outcomes, rest, prefix)
  })
  const summary = await report.write(reports, { total, to })
  rest.print(context)
  if (!signal.aborted) return summary.exitCode
  if (summary.canceled > 0) noteInterrupted(context)
  return exitCodeOf(undefined, signal)
}

interface Progress {
  readonly tally: Tally
  readonly troubles: Troubles
  readonly failures: FailureGroups
  readonly plain: boolean
}

/** Passes on what the work yields, and shows its progress. */
async function* watched<T>(
  context: Context,
  { tally, troubles, failures, plain }: Progress,
  work: (onEvent: (event: MirrorEvent) => void) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const view = await openRunView(context, { plain })
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

/** Outcomes as a run reports them. `to`: the destination, if it is a registry. */
async function* reportsOf(
  outcomes: AsyncIterable<ImageOutcome>,
  rest: Rest,
  to: Locator | undefined,
): AsyncGenerator<ImageReport> {
  for await (const outcome of outcomes) {
    rest.add(outcome)
    yield reportOf(outcome, to)
  }
}

function reportOf(outcome: ImageOutcome, to?: Locator): ImageReport {
  const { index, reference, desc, upToDate, fetched, total, remarks, error } = outcome
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

/** Defects whose traces are printed. */
const tracedAtMost = 10

/** What is printed behind the report: foreign layers that were skipped, and traces of defects. */
class Rest {
  readonly #errors: unknown[] = []
  #layers = 0
  #bytes = 0

  add({ skipped, error }: ImageOutcome): void {
    for (const { size } of skipped) {
      this.#layers++
      this.#bytes += size
    }
    if (error !== undefined && codeOf(error) === 'INTERNAL' && this.#errors.length < tracedAtMost)
      this.#errors.push(error)
  }

  print(context: Context): void {
    for (const error of this.#errors) traceDefect(context, error)
    if (this.#layers > 0)
      note(
        context,
        `left ${plural(this.#layers, 'foreign layer')} (${formatBytes(this.#bytes)}) at their publisher`,
      )
  }
}
