import { DistError } from '@dist/errdefs'
import type { RunRequest } from '@dist/runs'
import type { QueueAddress } from '@dist/settings/command'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { checkDestinations, requestedPlatforms, selectionOf } from '../images/destinations.js'
import { flaggedReferrers } from '../images/referrers.js'
import { openQueue, persistentQueue, queueAddress } from '../open/queue.js'
import {
  collect,
  type HostOptions,
  type QueueOptions,
  type ReferrersOptions,
  type RemoteOptions,
  type StoreOptions,
  withQueue,
  withReferrers,
  withRemote,
  withStore,
  withTransfers,
} from '../options.js'
import { plural } from '../output/format.js'
import { note } from '../output/print.js'
import { openReport } from '../report/report.js'
import { checkDetaching, givenStoreId, type SubmitParts, submissionOf, submitRun } from '../runs/submit.js'
import { mirrorEmbedded } from './embedded.js'
import { mirrorFile } from './file.js'
import { type References, readReferences } from './references.js'
import { mirrorFileOf, readMirrorFile, readSubmitted } from './sources.js'
import { checkWatch } from './watch/check.js'

const examples = `
All platforms are mirrored unless --platform is given. A file has a reference in each line; # starts a comment. A file whose
name ends in .yaml, .json or .toml is a mirror file: it selects repositories and tags (see docs/mirroring.md). Shared
blobs are fetched once, and existing content is not fetched again: an unchanged image needs one request.

With --watch the entries of a mirror file are mirrored at their times: those with schedule or every.

With --to images are sent to a registry instead of a store: docker.io/library/alpine:3.20 becomes
registry.example.com/mirror/library/alpine:3.20. Signatures and SBOMs of an image are sent with it.

With a queue its coordinators and workers mirror the images into their store (--store is then only compared with it).
Ctrl-C detaches: the run continues; dist status --watch follows it, dist cancel cancels it.

Exit code 6: some images failed; the others are mirrored.

Examples:
  $ dist mirror alpine:3.20 quay.io/prometheus/node-exporter:latest
  $ dist mirror -f dist.yaml --dry-run --bytes
  $ dist mirror -f dist.yaml
  $ dist mirror -f dist.yaml --watch
  $ dist mirror -f refs.txt --platform linux/amd64 --report report.jsonl
  $ dist mirror -f refs.txt --store 's3://mirror/images?endpoint=http://127.0.0.1:8333'
  $ dist mirror -f refs.txt --to registry.example.com/mirror
  $ dist mirror -f refs.txt --queue redis://10.0.0.5:6379 --detach`

export const mirrorCommand: Define = (context, onExit) =>
  withReferrers(withTransfers(withRemote(withQueue(withStore(new Command('mirror'))))))
    .argument('[ref...]', 'references: [host/]repository[:tag][@digest]')
    .option(
      '-f, --file <file>',
      'a mirror file, or a file of references, - is stdin; of references several may be given',
      collect,
    )
    .option(
      '--platform <os/arch[/variant]>',
      'mirror only this platform of an index; may be repeated',
      collect,
    )
    .option('--to <registry/prefix>', 'send the images to a registry, below this prefix, instead of a store')
    .option('--detach', 'with a queue: submit the run, print its id, and do not wait')
    .option('--report <file>', 'write the result of each image into a file, as JSON lines')
    .option('--summary <file>', 'write a summary into a file, in Markdown')
    .option('--watch', 'mirror the entries of a mirror file at their times, until the command is interrupted')
    .option('--dry-run', 'tell what would change, and change nothing')
    .option('--bytes', 'with --dry-run: also what would be fetched; costs the requests for manifests')
    .option('--exit-code', 'with --dry-run: exit code 7 if something would change')
    .option('--force', 'prune the mirrors of a file whatever their prune-limit is')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => onExit(await mirror(context, references, options)))

export interface MirrorOptions
  extends StoreOptions,
    RemoteOptions,
    QueueOptions,
    HostOptions,
    ReferrersOptions {
  file?: string[] | undefined
  platform?: string[] | undefined
  /** A registry with or without a path: the destination instead of the store. */
  to?: string | undefined
  detach?: boolean | undefined
  report?: string | undefined
  summary?: string | undefined
  /** Mirror the entries of a mirror file at their times. */
  watch?: boolean | undefined
  dryRun?: boolean | undefined
  /** Of a dry run: also what would be fetched. */
  bytes?: boolean | undefined
  /** Of a dry run: `wouldChange` if something would change. */
  exitCode?: boolean | undefined
  /** The limits of pruning do not hold. */
  force?: boolean | undefined
}

/** `dist mirror`: mirrors many images, in this process or with services. */
export async function mirror(
  context: Context,
  texts: readonly string[],
  options: MirrorOptions,
): Promise<number> {
  const address = await queueAddress(options, context.env)
  checkTargets(options)
  checkDryRun(options, address)
  checkDetaching(options, address)
  if (address !== undefined) checkDistributed(options)
  const file = mirrorFileOf(texts, options)
  checkWatch(options, file, address)
  if (file !== undefined) return await mirrorSources(context, file, options, address)
  if (options.force === true)
    throw new DistError('INVALID_ARGUMENT', '--force is for a mirror file: other runs prune nothing')
  const references = await requestedReferences(context, texts, options)
  if (references.size === 0) {
    note(context, 'nothing to mirror: the input has no reference')
    return exitCodes.done
  }
  if (options.to !== undefined) checkDestinations(references, options.to)
  await using report = await openReport(context, options)
  if (address === undefined) return await mirrorEmbedded(context, references, options, report)
  await using queue = await openQueue(address, context, options.detach ? {} : persistentQueue(context))
  return await mirrorDistributed(context, references, options, {
    runs: queue.runs,
    obstacles: queue.obstacles,
    report,
  })
}

/** Mirrors what a mirror file says. A file with mistakes is refused as a whole. */
async function mirrorSources(
  context: Context,
  path: string,
  options: MirrorOptions,
  address: QueueAddress | undefined,
): Promise<number> {
  if (address !== undefined) return await submitSources(context, path, options, address)
  if (options.watch) return await (await import('./watch/watch.js')).watchFile(context, path, options)
  const file = await readMirrorFile(context, path)
  if (file === undefined) return exitCodes.usage
  await using report = await openReport(context, options)
  return await mirrorFile(context, file, options, report)
}

/** Lets the services mirror what a mirror file says: a coordinator lists and selects. */
async function submitSources(
  context: Context,
  path: string,
  options: MirrorOptions,
  address: QueueAddress,
): Promise<number> {
  const submitted = await readSubmitted(context, path)
  if (submitted === undefined) return exitCodes.usage
  const { sources, mirrors } = submitted
  await using report = await openReport(context, options)
  await using queue = await openQueue(address, context, options.detach ? {} : persistentQueue(context))
  const { runs, obstacles } = queue
  const request = {
    references: [],
    sources,
    referrers: flaggedReferrers(options),
    force: options.force,
    platforms: selectionOf(requestedPlatforms(options.platform)),
    store: await givenStoreId(options, context),
  }
  const submission = submissionOf(runs, request, plural(mirrors, 'mirror'))
  return await submitRun(context, submission, options, { runs, obstacles, report })
}

function requestedReferences(
  context: Context,
  texts: readonly string[],
  { file }: MirrorOptions,
): Promise<References> {
  if (texts.length === 0 && file === undefined)
    throw new DistError('INVALID_ARGUMENT', 'no references: give references, or a file of references with -f')
  return readReferences(context, texts, file ?? [])
}

function checkTargets({ store, to }: MirrorOptions): void {
  if (store !== undefined && to !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      '--store and --to exclude each other: images go into a store or to a registry',
    )
}

function checkDryRun(
  { dryRun, bytes, exitCode, report, summary }: MirrorOptions,
  address: QueueAddress | undefined,
): void {
  const without = bytes === true ? '--bytes' : exitCode === true ? '--exit-code' : undefined
  if (dryRun !== true && without !== undefined)
    throw new DistError('INVALID_ARGUMENT', `${without} needs --dry-run`)
  if (dryRun !== true) return
  const file = report === undefined ? summary && '--summary' : '--report'
  if (file !== undefined)
    throw new DistError('INVALID_ARGUMENT', `${file} is not for a dry run: --json prints its result`)
  if (address !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      'a dry run is made by this process: leave out --queue and --server, and unset DIST_QUEUE and DIST_SERVER',
    )
}

/** The flags that are settings of the services. */
const ofServices = {
  hostsDir: '--hosts-dir',
  authfile: '--authfile',
  registriesConf: '--registries-conf',
  plainHttp: '--plain-http',
  insecureSkipTlsVerify: '--insecure-skip-tls-verify',
  caFile: '--ca-file',
  concurrency: '--concurrency',
  requestsPerHost: '--requests-per-host',
  hostPatience: '--host-patience',
} as const satisfies Partial<Record<keyof MirrorOptions, string>>

/** Refuses flags that only the services can apply: they must not be ignored silently. */
function checkDistributed(options: MirrorOptions): void {
  const foreign = Object.entries(ofServices).flatMap(([name, flag]) =>
    options[name as keyof typeof ofServices] === undefined ? [] : [flag],
  )
  if (foreign.length > 0)
    throw new DistError(
      'INVALID_ARGUMENT',
      `${foreign.join(', ')}: not with a queue: set it for dist coordinator and dist worker, or in hosts.toml`,
    )
}

/** Lets the services mirror. Follows the run unless `--detach` is given. Resolves to the exit code. */
export async function mirrorDistributed(
  context: Context,
  references: References,
  options: MirrorOptions,
  parts: SubmitParts,
): Promise<number> {
  const request = await requestOf(context, references, options)
  const submission = submissionOf(parts.runs, request, plural(references.size, 'image'))
  return submitRun(context, submission, options, parts)
}

async function requestOf(
  context: Context,
  references: References,
  options: MirrorOptions,
): Promise<RunRequest> {
  const store = await givenStoreId(options, context)
  return {
    references: references.names,
    platforms: selectionOf(requestedPlatforms(options.platform)),
    // Runs of a file are bulk. A user waits for images that are given as arguments.
    byHand: (options.file ?? []).length === 0,
    store,
    to: options.to,
    referrers: flaggedReferrers(options),
  }
}
