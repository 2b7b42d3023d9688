import type { Store } from '@dist/content'
import { isCanceled } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type ImageOutcome, mirrorImages, storeTarget } from '@dist/mirror'
import { hostPlatform, parsePlatform } from '@dist/oci'
import { formatReference, parseReference } from '@dist/reference'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { describeError, exitCodeOfAll, jsonError, traceDefect } from '../errors/errors.js'
import { openIngest } from '../open/ingest.js'
import { interactivePolicy, openRegistry, requestSettings } from '../open/registry.js'
import { openStore, type SnapshotOptions } from '../open/store.js'
import {
  collect,
  type HostOptions,
  type ReferrersOptions,
  type RemoteOptions,
  type StoreOptions,
  withReferrers,
  withRemote,
  withSnapshots,
  withStore,
  withTransfers,
} from '../options.js'
import { failureOf, formatBytes, plural } from '../output/format.js'
import { note, noteInterrupted, print, printJson } from '../output/print.js'
import { openView, type ProgressView } from '../progress/images/view.js'
import { inOrder } from './outcomes.js'
import { jsonUnpackOutcome, PullUnpack } from './pull-unpack.js'
import { requestedReferrers } from './referrers.js'

const examples = `
Without --platform, linux and this machine's architecture are pulled from an index. The index is stored unchanged, so that its
digest and signatures stay valid. Interrupted transfers are resumed. --unpack unpacks the platforms of --platform, else this
machine's platform.

Examples:
  $ dist pull alpine:3.20
  $ dist pull --platform linux/amd64 --platform linux/arm64 quay.io/prometheus/node-exporter:latest
  $ dist pull --unpack alpine:3.20
  $ dist pull --referrers cgr.dev/chainguard/static:latest
  $ dist pull --all-platforms localhost:5000/app:1.2 localhost:5000/db:9`

export const pullCommand: Define = (context, onExit) =>
  withReferrers(withTransfers(withRemote(withSnapshots(withStore(new Command('pull'))))))
    .argument('<ref...>', 'references: [host/]repository[:tag][@digest]')
    .option('--platform <os/arch[/variant]>', 'pull this platform of an index; may be repeated', collect)
    .option('--all-platforms', 'pull all platforms')
    .option('--unpack', 'then unpack the images, as dist unpack does')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => onExit(await pull(context, references, options)))

export interface PullOptions
  extends StoreOptions,
    RemoteOptions,
    HostOptions,
    SnapshotOptions,
    ReferrersOptions {
  platform?: string[] | undefined
  allPlatforms?: boolean | undefined
  unpack?: boolean | undefined
}

/** `dist pull`: pulls images into the store. Progress is on stderr, names and digests are on stdout. */
export async function pull(
  context: Context,
  texts: readonly string[],
  options: PullOptions,
): Promise<number> {
  const references = texts.map((text) => parseReference(text))
  const platforms = requestedPlatforms(options)
  await using store = await openStore(options, context.env, { create: true })
  let say = (line: string) => note(context, line)
  await using remote = await openRegistry(options, context, (line) => say(line))
  await using ingest = await openIngest({
    store,
    remote,
    requests: await requestSettings(options, context),
    concurrency: options.concurrency,
  })
  // Lines of `-v` would break bars.
  const view = await openView(context, { plain: options.verbose })
  say = view.notice
  try {
    const dependencies = {
      source: remote,
      target: storeTarget(store.content, store.names),
      ingest: ingest.blob,
      hosts: remote.limiter,
    }
    const policy = await interactivePolicy(options, context)
    const { signal } = context
    const { onEvent } = view
    const referrers = requestedReferrers(options)
    const outcomes = await inOrder(
      mirrorImages(references, dependencies, { platforms, referrers, policy, signal, onEvent }),
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
    for (const remark of outcome.remarks) note(context, `${name}: ${remark}`)
    if (outcome.skipped.length > 0) {
      const bytes = outcome.skipped.reduce((sum, desc) => sum + desc.size, 0)
      note(
        context,
        `${name}: left ${plural(outcome.skipped.length, 'foreign layer')} (${formatBytes(bytes)}) at their publisher`,
      )
    }
  }
  if (outcomes.some(({ error }) => isCanceled(error))) noteInterrupted(context)
}

function jsonOutcome(name: string, outcome: ImageOutcome) {
  const { desc, upToDate, fetched, total, remarks, error } = outcome
  return {
    name,
    ...(desc === undefined ? {} : { mediaType: desc.mediaType, digest: desc.digest }),
    upToDate,
    fetched,
    total,
    ...(remarks.length === 0 ? {} : { remarks }),
    ...(error === undefined ? {} : jsonError(error)),
  }
}
