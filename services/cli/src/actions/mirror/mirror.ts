import { DistError } from '@dist/errdefs'
import type { Reference } from '@dist/reference'
import { queueUrl } from '@dist/settings'
import { openQueue } from '@dist/wiring'
import type { Context } from '../../context.js'
import { exitCodes } from '../../exit.js'
import type { QueueOptions, RemoteOptions, StoreOptions } from '../../options.js'
import { note } from '../../output.js'
import { followed } from '../runs/follow.js'
import { checkDetaching } from '../runs/submit.js'
import { checkDestinations } from './destinations.js'
import { mirrorDistributed } from './distributed.js'
import { mirrorEmbedded } from './embedded.js'
import { readReferences } from './references.js'
import { openReport } from './report.js'

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
  const url = queueUrl(options, context.env)
  checkTargets(options)
  checkDetaching(options, url)
  if (url !== undefined) checkDistributed(options)
  const references = await requestedReferences(context, texts, options)
  if (references.length === 0) {
    note(context, 'nothing to mirror: there is no reference in what was given')
    return exitCodes.done
  }
  if (options.to !== undefined) checkDestinations(references, options.to)
  await using report = await openReport(context, options)
  if (url === undefined) return await mirrorEmbedded(context, references, options, report)
  await using queue = await openQueue(url, context.env, options.detach ? {} : followed(context))
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
    throw new DistError(
      'INVALID_ARGUMENT',
      'what is to be mirrored? Give references, or a file of them with -f',
    )
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
      `with a queue ${foreign.join(', ')} is up to the services: dist coordinator and dist worker have settings of their own, and read hosts.toml`,
    )
}
