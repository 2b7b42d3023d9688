import type { PlatformRequest } from '@dist/images'
import type { Descriptor, Digest } from '@dist/oci'
import type { Reference } from '@dist/reference'
import type { HostStates } from '@dist/remotes'
import { type EachImageOptions, eachImage } from './each-image.js'
import type { MirrorEvent } from './events.js'
import { ImageWork, type WorkStage } from './image-work.js'
import type { BlobTask, IngestOptions, Outcome } from './ingest.js'
import type { ReferrersRequest } from './referrers-request.js'
import type { Source } from './source.js'
import type { TargetOf } from './target.js'
import type { ImageTask } from './task.js'
import type { Images } from './window.js'

export interface EngineDependencies {
  source: Source
  target: TargetOf
  /** Brings one blob into the target, for example with `ingestBlob`. It limits the transfers itself. */
  ingest: (task: BlobTask, options: IngestOptions) => Promise<Outcome>
  /** The health of the hosts. */
  hosts: HostStates
}

export interface EngineOptions extends EachImageOptions {
  platforms: PlatformRequest
  foreignLayers?: boolean | undefined
  /** As in `PlanOptions`. */
  referrers?: ReferrersRequest | undefined
  /** As in `PlanOptions`. */
  referrersFreshFor?: number | undefined
  onEvent?: ((event: MirrorEvent) => void) | undefined
}

/** The result for one image. */
export interface ImageOutcome {
  /** The place of the image in the input, from 0. */
  readonly index: number
  readonly reference: Reference
  /** The root; undefined if the reference could not be resolved. */
  readonly desc?: Descriptor | undefined
  /** The root that was published before, if it is another one. */
  readonly previous?: Digest | undefined
  /** Whether there was nothing to do. */
  readonly upToDate: boolean
  /**
   * Objects and bytes that were fetched for this image, manifests included. Without objects that another image fetched, and
   * without bytes of earlier, interrupted transfers.
   */
  readonly fetched: { readonly objects: number; readonly bytes: number }
  /** Objects and bytes of the whole selection. */
  readonly total: { readonly objects: number; readonly bytes: number }
  readonly skipped: readonly Descriptor[]
  /** As in `Plan`. */
  readonly remarks: readonly string[]
  /** Set if the image failed: nothing was published. `CANCELED` if the signal aborted. */
  readonly error?: unknown
  /** Where it failed. */
  readonly stage?: WorkStage | undefined
}

/**
 * Mirrors images in this process. Blobs that they share are fetched once. Yields the outcomes as `eachImage`; of images that
 * failed nothing is published.
 */
export function mirrorImages(
  images: Images,
  dependencies: EngineDependencies,
  options: EngineOptions,
): AsyncGenerator<ImageOutcome, void, undefined> {
  const begin = (task: ImageTask, signal: AbortSignal) =>
    new ImageWork(task, dependencies, { ...options, signal })
  return eachImage(images, dependencies.hosts, begin, options)
}
