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
  /** Brings one blob in (`ingestBlob`); it bounds by itself how many transfers run. */
  ingest: (task: BlobTask, options: IngestOptions) => Promise<Outcome>
  /** What is known of the hosts that are asked. */
  hosts: HostStates
}

export interface EngineOptions {
  platforms: PlatformRequest
  foreignLayers?: boolean | undefined
  /** As in `PlanOptions`. */
  referrers?: boolean | undefined
  /** For how long hosts are waited for; the rest of it is the limiter's. */
  policy?: Partial<HostPolicy> | undefined
  retries?: Partial<Retries> | undefined
  signal?: AbortSignal | undefined
  onEvent?: ((event: MirrorEvent) => void) | undefined
}

/** How it went for one image. */
export interface ImageOutcome {
  readonly reference: Reference
  /** The root, once it is resolved. */
  readonly desc?: Descriptor | undefined
  /** Nothing had to be done. */
  readonly upToDate: boolean
  /**
   * Objects and bytes that this image had to fetch, manifests included. What others brought is not in it, nor are bytes
   * that earlier, cut-off transfers left.
   */
  readonly fetched: { readonly objects: number; readonly bytes: number }
  /** Objects and bytes of the whole selection. */
  readonly total: { readonly objects: number; readonly bytes: number }
  readonly skipped: readonly Descriptor[]
  /** As in `Plan`. */
  readonly remarks: readonly string[]
  /** Set when the image failed; nothing was published then. `CANCELED` where the signal kept it from being done. */
  readonly error?: unknown
}

/**
 * Mirrors images in this process, several at a time; blobs that they share are fetched once. One image's failure
 * leaves the others alone and is told in its outcome; outcomes come in the order of the references, one for each, also
 * when the signal aborts. A host that is slow or away costs its own images time, and no others.
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
