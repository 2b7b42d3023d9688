import { isCanceled } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type ImageOutcome, mirrorImages, storeTarget } from '@dist/mirror'
import { hostPlatform, parsePlatform } from '@dist/oci'
import { formatReference, parseReference } from '@dist/reference'
import { openStore, type Store } from '@dist/wiring'
import { openIngest } from '../compose/ingest.js'
import { byHand } from '../compose/policy.js'
import { openRegistry, requestsOf } from '../compose/remote.js'
import type { SnapshotOptions } from '../compose/snapshots.js'
import type { Context } from '../context.js'
import { exitCodeOfAll } from '../exit.js'
import { formatBytes } from '../format.js'
import type { TransferOptions } from '../options.js'
import { note, print, printJson, sayInterrupted } from '../output.js'
import { openView, type ProgressView } from '../progress/view.js'
import { describeError, jsonError } from '../run.js'
import { traceDefect } from '../trace.js'
import { failureOf } from './names.js'

export interface PullOptions extends TransferOptions, SnapshotOptions {
  platform?: string[] | undefined
  allPlatforms?: boolean | undefined
  unpack?: boolean | undefined
}

/** `dist pull`: images into the store, with progress on stderr and the names and digests on stdout. */
export async function pull(
  context: Context,
  texts: readonly string[],
  options: PullOptions,
): Promise<number> {
  const references = texts.map((text) => parseReference(text))
  const platforms = requestedPlatforms(options)
  await using store = await openStore(options, context.env, { create: true })
  let say = (line: string) => note(context, line)
  await using remote = openRegistry(options, context, (line) => say(line))
  await using ingest = openIngest({
    store,
    remote,
    requests: requestsOf(options, context),
    concurrency: options.concurrency,
  })
  // The requests that `-v` logs would tear bars apart.
  const view = await openView(context, { plain: options.verbose })
  say = view.notice
  try {
    const outcomes = await mirrorImages(
      references,
      {
        source: remote,
        target: storeTarget(store.content, store.names),
        ingest: ingest.blob,
        hosts: remote.limiter,
      },
      { platforms, policy: byHand(options), signal: context.signal, onEvent: view.onEvent },
    )
    if (options.unpack && !context.signal.aborted)
      return await unpackAfter(outcomes, store, view, options, context)
    view.end()
    report(outcomes, options, context)
    return exitCodeOfAll(outcomes, context.signal)
  } finally {
    view.end()
  }
}

async function unpackAfter(
  pulled: readonly ImageOutcome[],
  store: Store,
  view: ProgressView,
  options: PullOptions,
  context: Context,
): Promise<number> {
  const { jsonUnpackOutcome, PullUnpack } = await import('./pull-unpack.js')
  const unpack = new PullUnpack(context, options, { source: store.content, onEvent: view.onEvent })
  const outcomes = await unpack.run(pulled)
  view.end()
  report(outcomes, options, context, jsonUnpackOutcome)
  unpack.report(outcomes)
  return exitCodeOfAll(outcomes, context.signal)
}

function requestedPlatforms({ platform, allPlatforms }: PullOptions): PlatformRequest {
  if (allPlatforms) return 'all'
  return platform === undefined ? [hostPlatform()] : platform.map((text) => parsePlatform(text))
}

/** `more`: further members of an image's JSON. */
function report<T extends ImageOutcome>(
  outcomes: readonly T[],
  options: PullOptions,
  context: Context,
  more: (outcome: T) => object = () => ({}),
): void {
  for (const outcome of outcomes) {
    const name = formatReference(outcome.reference)
    if (options.json) printJson(context, { ...jsonOutcome(name, outcome), ...more(outcome) })
    else if (outcome.error === undefined) print(context, `${name} ${outcome.desc?.digest}`)
    if (outcome.error !== undefined && !isCanceled(outcome.error)) {
      note(context, failureOf(name, describeError(outcome.error)))
      traceDefect(context, outcome.error)
    }
    if (outcome.skipped.length > 0) {
      const bytes = outcome.skipped.reduce((sum, desc) => sum + desc.size, 0)
      note(
        context,
        `${name}: left ${outcome.skipped.length} foreign layers (${formatBytes(bytes)}) where their publisher keeps them`,
      )
    }
  }
  if (outcomes.some(({ error }) => isCanceled(error))) sayInterrupted(context)
}

function jsonOutcome(name: string, outcome: ImageOutcome) {
  const { desc, upToDate, fetched, total, error } = outcome
  return {
    name,
    ...(desc === undefined ? {} : { mediaType: desc.mediaType, digest: desc.digest }),
    upToDate,
    fetched,
    total,
    ...(error === undefined ? {} : jsonError(error)),
  }
}
