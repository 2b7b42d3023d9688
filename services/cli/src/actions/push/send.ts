import { formatSelection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type ImageOutcome, mirrorImages, type Source } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import { openPushes } from '@dist/wiring'
import { pushIngest } from '../../compose/ingest.js'
import { byHand } from '../../compose/policy.js'
import type { Context } from '../../context.js'
import type { OutputOptions, PatienceOptions, RemoteOptions } from '../../options.js'
import { openView, type ProgressView } from '../../progress/view.js'
import { selectionOf } from '../mirror/platforms.js'

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
  const pushes = openPushes(remote, { fetcher: (locator) => source.fetcher(locator) })
  const dependencies = {
    source: expecting(source, destination),
    target: pushes.targetAt(destination, { check }),
    ingest: pushIngest(pushes, concurrency),
    hosts: remote.limiter,
  }
  const policy = byHand(patience)
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
  const { referrers } = source
  return {
    narrows: source.narrows ?? false,
    fetcher: (locator) => source.fetcher(locator),
    ...(referrers === undefined ? {} : { referrers: referrers.bind(source) }),
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
    `what goes to ${formatReference(destination)} has the digest ${digest}: leave the digest out, or give this one`,
  )
}
