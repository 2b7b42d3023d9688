import { formatSelection } from '@dist/content'
import { DistError, isCanceled } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type ImageOutcome, mirrorImages, type Source } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { Context } from '../context.js'
import { describeError, jsonError, traceDefect } from '../errors/errors.js'
import { openPushes, pushIngest } from '../open/ingest.js'
import { interactivePolicy } from '../open/registry.js'
import type { HostOptions, OutputOptions, ReferrersOptions, RemoteOptions } from '../options.js'
import { failureOf, formatBytes, plural } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { openView, type ProgressView } from '../progress/images/view.js'
import { selectionOf } from './destinations.js'
import { inOrder } from './outcomes.js'
import { requestedReferrers } from './referrers.js'

/** The options that push and copy share. */
export interface SendOptions extends OutputOptions, RemoteOptions, HostOptions, ReferrersOptions {
  platform?: string[] | undefined
  check?: boolean | undefined
  /** Bytes. */
  chunkSize?: number | undefined
}

/** An image and its destination. */
export interface Sending {
  /** The name at the source. Each is unique. */
  reference: Reference
  destination: Reference
  platforms: PlatformRequest
}

export interface SendParts {
  images: readonly Sending[]
  source: Source
  remote: Registry
  /** The state that progress shows for a transfer. */
  moving: string
}

/** Sends images to registries and shows the progress. Outcomes are in the order of the images. */
export async function sendImages(
  context: Context,
  parts: SendParts,
  options: SendOptions,
): Promise<ImageOutcome[]> {
  // Lines of `-v` would break bars.
  const view = await openView(context, { plain: options.verbose, moving: parts.moving })
  try {
    const outcomes = await sendAll(context, parts, options, view)
    const byReference = new Map(outcomes.map((outcome) => [formatReference(outcome.reference), outcome]))
    return parts.images.flatMap(({ reference }) => byReference.get(formatReference(reference)) ?? [])
  } finally {
    view.end()
  }
}

/** Images with the same platforms are sent together. */
async function sendAll(
  context: Context,
  { images, source, remote }: SendParts,
  options: SendOptions,
  { onEvent }: ProgressView,
): Promise<ImageOutcome[]> {
  const { check = false, concurrency } = options
  const referrers = requestedReferrers(options, true)
  const destinations = new Map(images.map((image) => [formatReference(image.reference), image.destination]))
  const destination = (reference: Reference) => destinations.get(formatReference(reference)) ?? reference
  const pushes = await openPushes(remote, { fetcher: (locator) => source.fetcher(locator) })
  const dependencies = {
    source: expecting(source, destination),
    target: pushes.targetAt(destination, { check }),
    ingest: pushIngest(pushes, concurrency),
    hosts: remote.limiter,
  }
  const { signal } = context
  const policy = await interactivePolicy(options, context)
  const sent = alike(images).map(({ references, platforms }) =>
    inOrder(mirrorImages(references, dependencies, { platforms, referrers, policy, signal, onEvent })),
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

/** Checks the digest of each destination when its image is resolved. */
function expecting(source: Source, destination: (reference: Reference) => Reference): Source {
  return {
    narrows: source.narrows ?? false,
    fetcher: (locator) => source.fetcher(locator),
    referrers: source.referrers?.bind(source),
    cosignTags: source.cosignTags?.bind(source),
    resolve: async (reference, options) => {
      const resolved = await source.resolve(reference, options)
      checkDigest(resolved.desc, destination(reference))
      return resolved
    },
  }
}

/** Throws `INVALID_ARGUMENT` if the destination has another digest than the image. */
export function checkDigest({ digest }: Descriptor, destination: Reference): void {
  if (destination.digest === undefined || destination.digest === digest) return
  throw new DistError(
    'INVALID_ARGUMENT',
    `${formatReference(destination)}: the image has the digest ${digest}; leave the digest out, or give this one`,
  )
}

export interface ReportParts {
  /** The destination of the image. */
  destination: Reference
  /** The name of the amount in JSON. */
  verb: 'pushed' | 'copied'
  json?: boolean | undefined
}

/** Reports the result for an image that was sent to a registry. */
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
