import type { PlatformRequest } from '@dist/images'
import type { Descriptor } from '@dist/oci'
import type { Reference } from '@dist/reference'
import { type HostPolicy, type HostStates, hostPolicy } from '@dist/remotes'
import type { MirrorEvent } from './events.js'
import { ImageWork } from './image-work.js'
import type { BlobTask, IngestOptions, Outcome } from './ingest.js'
import { defaultRetries, type Retries, Schedule } from './schedule.js'
import type { Source } from './source.js'
import type { TargetOf } from './target.js'

export interface EngineDependencies {
  source: Source
  target: TargetOf
  /** Brings one blob into the target, for example with `ingestBlob`. It limits the transfers itself. */
  ingest: (task: BlobTask, options: IngestOptions) => Promise<Outcome>
  /** The health of the hosts. */
  hosts: HostStates
}

export interface EngineOptions {
  platforms: PlatformRequest
  foreignLayers?: boolean | undefined
  /** As in `PlanOptions`. */
  referrers?: boolean | undefined
  /** How long to wait for a host in trouble, and how many requests it takes: the slots follow. */
  policy?: Partial<HostPolicy> | undefined
  retries?: Partial<Retries> | undefined
  signal?: AbortSignal | undefined
  onEvent?: ((event: MirrorEvent) => void) | undefined
}

/** The result for one image. */
export interface ImageOutcome {
  readonly reference: Reference
  /** The root; undefined if the reference could not be resolved. */
  readonly desc?: Descriptor | undefined
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
}

/**
 * Mirrors images in this process, several at the same time. Blobs that they share are fetched once. Returns one outcome for
 * each reference, in their order, even if images fail or the signal aborts. A slow or dead host delays its own images only.
 */
export async function mirrorImages(
  references: readonly Reference[],
  dependencies: EngineDependencies,
  options: EngineOptions,
): Promise<ImageOutcome[]> {
  const { signal } = options
  const schedule = new Schedule({
    hosts: dependencies.hosts,
    policy: hostPolicy(options.policy),
    retries: { ...defaultRetries, ...options.retries },
    signal,
  })
  const run = async (reference: Reference) => {
    const work = new ImageWork(reference, dependencies, options)
    return work.outcome(await schedule.add(reference.host, work))
  }
  return await Promise.all(references.map(run))
}
