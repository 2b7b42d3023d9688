import { formatSelection } from '@dist/content'
import { DistError, isCanceled } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type ImageOutcome, mirrorImages, type Source } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { Context } from '../context.js'
import { describeError, jsonError } from '../errors/describe.js'
import { traceDefect } from '../errors/trace.js'
import { openPushes, pushIngest } from '../open/ingest.js'
import { interactivePolicy } from '../open/registry.js'
import type { OutputOptions, PatienceOptions, RemoteOptions } from '../options.js'
import { formatBytes, plural } from '../output/format.js'
import { failureOf } from '../output/names.js'
import { note, print, printJson } from '../output/print.js'
import { openView, type ProgressView } from '../progress/images/view.js'
import { selectionOf } from './part.js'

/** The options that push and copy share. */
export interface SendOptions extends OutputOptions, RemoteOptions, PatienceOptions {
  platform?: string[] | undefined
  /** False where what refers to the image is to stay behind. */
  referrers?: boolean | undefined
  check?: boolean | undefined
  concurrency: number
  /** Bytes. */
  chunkSize?: number | undefined
}

/** One image on its way. */
export interface Sending {
  /** As the source knows it. No two are the same. */
  reference: Reference
  destination: Reference
  platforms: PlatformRequest
}

export interface SendParts {
  images: readonly Sending[]
  source: Source
  remote: Registry
  /** What a blob on its way is said to be doing. */
  moving: string
}

/** Sends images to registries and shows how far they are; outcomes come in their order. */
export async function sendImages(
  context: Context,
  parts: SendParts,
  options: SendOptions,
): Promise<ImageOutcome[]> {
  // The requests that `-v` logs would tear bars apart.
  const view = await openView(context, { plain: options.verbose, moving: parts.moving })
  try {
    const outcomes = await sendAll(context, parts, options, view)
    const byReference = new Map(outcomes.map((outcome) => [formatReference(outcome.reference), outcome]))
    return parts.images.flatMap(({ reference }) => byReference.get(formatReference(reference)) ?? [])
  } finally {
    view.end()
  }
}

/** Those that the same is asked of go together; as a rule that is all of them. */
async function sendAll(
  { signal }: Context,
  { images, source, remote }: SendParts,
  { check = false, referrers = true, concurrency, ...patience }: SendOptions,
  { onEvent }: ProgressView,
): Promise<ImageOutcome[]> {
  const destinations = new Map(images.map((image) => [formatReference(image.reference), image.destination]))
  const destination = (reference: Reference) => destinations.get(formatReference(reference)) ?? reference
  const pushes = await openPushes(remote, { fetcher: (locator) => source.fetcher(locator) })
  const dependencies = {
    source: expecting(source, destination),
    target: pushes.targetAt(destination, { check }),
    ingest: pushIngest(pushes, concurrency),
    hosts: remote.limiter,
  }
  const policy = interactivePolicy(patience)
  const sent = alike(images).map(({ references, platforms }) =>
    mirrorImages(references, dependencies, { platforms, referrers, policy, signal, onEvent }),
  )
  return (await Promise.all(sent)).flat()
}

function alike(images: readonly Sending[]): { platforms: PlatformRequest; references: Reference[] }[] {
  const groups = new Map<string, { platforms: PlatformRequest; references: Reference[] }>()
  for (const { platforms, reference } of images) {
    const key = formatSelection(selectionOf(platforms))
    const group = groups.get(key) ?? { platforms, references: [] }
    group.references.push(reference)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** A digest cannot be given to something else than what has it. */
function expecting(source: Source, destination: (reference: Reference) => Reference): Source {
  return {
    narrows: source.narrows ?? false,
    fetcher: (locator) => source.fetcher(locator),
    referrers: source.referrers?.bind(source),
    resolve: async (reference, options) => {
      const resolved = await source.resolve(reference, options)
      checkDigest(resolved.desc, destination(reference))
      return resolved
    },
  }
}

/** `INVALID_ARGUMENT` for a destination whose digest is not that of what goes there. */
export function checkDigest({ digest }: Descriptor, destination: Reference): void {
  if (destination.digest === undefined || destination.digest === digest) return
  throw new DistError(
    'INVALID_ARGUMENT',
    `${formatReference(destination)}: the image has the digest ${digest}; leave the digest out, or give this one`,
  )
}

export interface ReportParts {
  /** Where the image went. */
  destination: Reference
  /** What was done with it, for JSON. */
  verb: 'pushed' | 'copied'
  json?: boolean | undefined
}

/** Tells how it went for an image that went to a registry. */
export function reportSent(context: Context, outcome: ImageOutcome, parts: ReportParts): void {
  const { desc, upToDate, fetched, skipped, remarks, error } = outcome
  const name = formatReference(parts.destination)
  if (parts.json)
    printJson(context, {
      name,
      ...(desc === undefined ? {} : { mediaType: desc.mediaType, digest: desc.digest }),
      upToDate,
      [parts.verb]: fetched,
      ...(remarks.length === 0 ? {} : { remarks }),
      ...(error === undefined ? {} : jsonError(error)),
    })
  else if (error === undefined) print(context, `${name} ${desc?.digest}`)
  if (error !== undefined && !isCanceled(error)) {
    note(context, failureOf(name, describeError(error)))
    traceDefect(context, error)
  }
  for (const remark of remarks) note(context, `${name}: ${remark}`)
  if (skipped.length > 0) {
    const bytes = formatBytes(skipped.reduce((sum, { size }) => sum + size, 0))
    note(context, `${name}: left ${plural(skipped.length, 'foreign layer')} (${bytes}) at their publisher`)
  }
}
