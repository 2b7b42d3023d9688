import { DistError } from '@dist/errdefs'
import { formatReference, type Reference } from '@dist/reference'
import type { RunRequest } from '@dist/runs'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/exit.js'
import { checkDestinations } from '../images/destinations.js'
import { requestedPlatforms, selectionOf } from '../images/part.js'
import { openQueue, persistentQueue, queueUrl } from '../open/queue.js'
import {
  collect,
  positive,
  type QueueOptions,
  type RemoteOptions,
  type StoreOptions,
  withHostPatience,
  withQueue,
  withRemote,
  withStore,
} from '../options.js'
import { plural } from '../output/format.js'
import { note } from '../output/print.js'
import { openReport } from '../report/report.js'
import { checkDetaching, meantStore, type SubmitParts, submitRun } from '../runs/submit.js'
import { mirrorEmbedded } from './embedded.js'
import { readReferences } from './references.js'

const examples = `
All platforms are mirrored unless --platform names some. A file has a reference a line; # begins a comment. Blobs that
images share are fetched once, and what is there is not fetched again: a second run costs a request for each image.

With --to images go to a registry and not into a store: docker.io/library/alpine:3.20 becomes
registry.example.com/mirror/library/alpine:3.20. Signatures and SBOMs that refer to an image go with it.

With a queue the coordinators and workers that share it do the work, into their own store (--store is then only
compared with it). Ctrl-C detaches: the run goes on; dist status --watch follows it, dist cancel gives it up.

Exit code 6: some images failed; the others are there.

Examples:
  $ dist mirror alpine:3.20 quay.io/prometheus/node-exporter:latest
  $ dist mirror -f refs.txt --platform linux/amd64 --report report.jsonl
  $ dist mirror -f refs.txt --store 's3://mirror/images?endpoint=http://127.0.0.1:8333'
  $ dist mirror -f refs.txt --to registry.example.com/mirror
  $ dist mirror -f refs.txt --queue redis://10.0.0.5:6379 --detach`

export const mirrorCommand: Define = (context, onExit) =>
  withHostPatience(withRemote(withQueue(withStore(new Command('mirror')))))
    .argument('[ref...]', 'references: [host/]repository[:tag][@digest]')
    .option('-f, --file <file>', 'read references from a file, - is stdin; may be repeated', collect)
    .option(
      '--platform <os/arch[/variant]>',
      'keep this platform of an index alone; may be repeated',
      collect,
    )
    .option('--to <registry/prefix>', 'send the images to a registry, below this prefix, in place of a store')
    .addOption(
      new Option(
        '--concurrency <n>',
        'transfers at the same time, from each host, without a queue (default: 8)',
      ).argParser(positive),
    )
    .option('--detach', 'with a queue: submit the run, print its id, and do not wait')
    .option('--report <file>', 'write how it went for each image into a file, as JSON lines')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => onExit(await mirror(context, references, options)))

export interface MirrorOptions extends StoreOptions, RemoteOptions, QueueOptions {
  file?: string[] | undefined
  platform?: string[] | undefined
  /** A registry, or a path there, that gets the images in place of the store. */
  to?: string | undefined
  /** Default: 8. Undefined where it was not given. */
  concurrency?: number | undefined
  /** Milliseconds. */
  hostPatience?: number | undefined
  detach?: boolean | undefined
  report?: string | undefined
}

/** `dist mirror`: many images, in this process, or by the services that share a queue. */
export async function mirror(
  context: Context,
  texts: readonly string[],
  options: MirrorOptions,
): Promise<number> {
  const url = await queueUrl(options, context.env)
  checkTargets(options)
  checkDetaching(options, url)
  if (url !== undefined) checkDistributed(options)
  const references = await requestedReferences(context, texts, options)
  if (references.length === 0) {
    note(context, 'nothing to mirror: the input has no reference')
    return exitCodes.done
  }
  if (options.to !== undefined) checkDestinations(references, options.to)
  await using report = await openReport(context, options)
  if (url === undefined) return await mirrorEmbedded(context, references, options, report)
  await using queue = await openQueue(url, context, options.detach ? {} : persistentQueue(context))
  return await mirrorDistributed(context, references, options, {
    runs: queue.runs,
    obstacles: queue.obstacles,
    report,
  })
}

function requestedReferences(
  context: Context,
  texts: readonly string[],
  { file }: MirrorOptions,
): Promise<Reference[]> {
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

/** The flags that services have settings of their own for. */
const ofServices = {
  hostsDir: '--hosts-dir',
  authfile: '--authfile',
  plainHttp: '--plain-http',
  insecureSkipTlsVerify: '--insecure-skip-tls-verify',
  caFile: '--ca-file',
  concurrency: '--concurrency',
  hostPatience: '--host-patience',
} as const satisfies Partial<Record<keyof MirrorOptions, string>>

/** What the services have settings of their own for must not look as if it were heeded. */
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

/** Has the services mirror, and follows them unless it is told to detach; resolves to the exit code. */
export async function mirrorDistributed(
  context: Context,
  references: readonly Reference[],
  options: MirrorOptions,
  parts: SubmitParts,
): Promise<number> {
  const request = await requestOf(context, references, options)
  return submitRun(context, request, plural(references.length, 'image'), options, parts)
}

async function requestOf(
  context: Context,
  references: readonly Reference[],
  options: MirrorOptions,
): Promise<RunRequest> {
  const store = await meantStore(options, context)
  return {
    references: references.map(formatReference),
    platforms: selectionOf(requestedPlatforms(options.platform)),
    // A file of references is bulk; who names images waits for them.
    byHand: (options.file ?? []).length === 0,
    store,
    to: options.to,
  }
}
