import { openPushes } from '@dist/composition'
import { DistError } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type ImageOutcome, mirrorImages, type Source } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Registry } from '@dist/remotes-registry'
import { pushIngest } from '../../compose/ingest.js'
import type { Context } from '../../context.js'
import type { OutputOptions, RemoteOptions } from '../../options.js'
import { openView } from '../../progress/view.js'

/** The options that push and copy share. */
export interface SendOptions extends OutputOptions, RemoteOptions {
  platform?: string[]
  /** False where what refers to the image is to stay behind. */
  referrers?: boolean
  check?: boolean
  concurrency: number
  /** Bytes. */
  chunkSize?: number
}

export interface SendParts {
  /** The image as the source knows it. */
  reference: Reference
  destination: Reference
  source: Source
  platforms: PlatformRequest
  remote: Registry
  /** What a blob on its way is said to be doing. */
  moving: string
}

/** Sends one image to a registry and shows how far it is. */
export async function sendImage(
  context: Context,
  parts: SendParts,
  { check = false, referrers = true, concurrency, verbose }: SendOptions,
): Promise<ImageOutcome> {
  const { reference, destination, source, platforms, remote, moving } = parts
  const pushes = openPushes(remote, { fetcher: (locator) => source.fetcher(locator) })
  // The requests that `-v` logs would tear bars apart.
  const view = await openView(context, { plain: verbose, moving })
  try {
    const [outcome] = await mirrorImages(
      [reference],
      {
        source: expecting(source, destination),
        target: pushes.targetAt(() => destination, { check }),
        ingest: pushIngest(pushes, concurrency),
      },
      { platforms, referrers, signal: context.signal, onEvent: view.onEvent },
    )
    if (outcome === undefined)
      throw new DistError('INTERNAL', `nothing became of ${formatReference(reference)}`)
    return outcome
  } finally {
    view.end()
  }
}

/** A digest cannot be given to something else than what has it. */
function expecting(source: Source, destination: Reference): Source {
  const { referrers } = source
  return {
    narrows: source.narrows ?? false,
    fetcher: (locator) => source.fetcher(locator),
    ...(referrers === undefined ? {} : { referrers: referrers.bind(source) }),
    resolve: async (reference, options) => {
      const resolved = await source.resolve(reference, options)
      checkDigest(resolved.desc, destination)
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
