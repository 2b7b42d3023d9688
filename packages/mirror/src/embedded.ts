import { linkSignals } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import type { Descriptor, Digest } from '@dist/oci'
import type { Reference } from '@dist/reference'
import { type HostPolicy, type HostStates, hostPolicy } from '@dist/remotes'
import { Channel } from './channel.js'
import type { MirrorEvent } from './events.js'
import { ImageWork, type WorkStage } from './image-work.js'
import type { BlobTask, IngestOptions, Outcome } from './ingest.js'
import type { ReferrersRequest } from './referrers-request.js'
import { defaultRetries, type Retries, Schedule } from './schedule.js'
import type { Source } from './source.js'
import type { TargetOf } from './target.js'
import { type Entry, type Images, Window } from './window.js'

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
  referrers?: ReferrersRequest | undefined
  /** As in `PlanOptions`. */
  referrersFreshFor?: number | undefined
  /**
   * Images that are read and wait for their turn: a lower number reads less of a costly input, a higher one finds work for more
   * hosts. Default: 100,000.
   */
  ahead?: number | undefined
  /** How long to wait for a host in trouble, and how many requests it takes: the slots follow. */
  policy?: Partial<HostPolicy> | undefined
  retries?: Partial<Retries> | undefined
  signal?: AbortSignal | undefined
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

/** Outcomes that wait for the consumer before the images that end next wait, too. */
const undelivered = 256

/**
 * Mirrors images in this process, several at the same time. Blobs that they share are fetched once. Yields one outcome for
 * each image, in the order in which the images end, even if images fail or the signal aborts. A slow or dead host delays
 * its own images only. Memory does not grow with the number of images: a slow consumer holds them up. `images` is read
 * as images end, once; it has to end by itself after an abort. If it throws, the images before are finished, then the error
 * is thrown. If the consumer stops early, the images that have begun are canceled.
 */
export async function* mirrorImages(
  images: Images,
  dependencies: EngineDependencies,
  options: EngineOptions,
): AsyncGenerator<ImageOutcome, void, undefined> {
  const stopped = new AbortController()
  using either = linkSignals(options.signal, stopped.signal)
  const { signal } = either
  const policy = hostPolicy(options.policy)
  const retries = { ...defaultRetries, ...options.retries }
  const schedule = new Schedule({ hosts: dependencies.hosts, policy, retries, signal })
  const outcomes = new Channel<ImageOutcome>(undelivered)
  const run = async ({ task, index }: Entry) => {
    const work = new ImageWork(task, dependencies, { ...options, signal })
    const failed = await schedule.add(task.reference.host, work)
    await outcomes.put({ index, ...work.outcome(failed) })
  }
  const most = (host: string) => schedule.heldAtMost(host)
  const onEnd = (failure?: { readonly error: unknown }) => outcomes.end(failure)
  const window = new Window({ run, most, onEnd, ahead: options.ahead })
  window.start(images)
  try {
    yield* outcomes.values()
  } finally {
    stopped.abort()
    outcomes.end()
    await window.stop()
  }
}
