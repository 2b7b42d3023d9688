import type { Selection } from '@dist/content'
import type { Code } from '@dist/errdefs'
import type { BlobReport, FailedTry } from './blobs.js'
import type { CollectionRequest, CollectionRun, CollectionStatus, DeletedPage } from './collection.js'
import type { Undelivered } from './notice/notice.js'
import type { RunKind, RunRequest } from './request.js'

/**
 * `running`: images are under way; `done`: all images are done; `failed`: all images ended, and some, or the pruning of a
 * mirror, failed; `canceled`: it
 * was canceled before its end; `lost`: Redis no longer has its references.
 */
export type RunState = 'running' | 'done' | 'failed' | 'canceled' | 'lost'

export interface RunStatus {
  readonly id: string
  readonly kind: RunKind
  readonly state: RunState
  /** The name of the schedule that started it. Undefined: a person did. */
  readonly schedule?: string | undefined
  readonly createdAt: Date
  /** Set once the run has ended. */
  readonly endedAt?: Date | undefined
  /** Milliseconds of work, so far or in all. The time between an end and a retry does not count. */
  readonly elapsed: number
  /** The id of the store; empty while it is not known, and for a run to a registry. */
  readonly store: string
  /** The registry that gets the images instead of the store. */
  readonly to?: string | undefined
  readonly platforms: Selection
  /** Why a run has failed before it had images. */
  readonly error?: ReportedError | undefined
  readonly images: {
    readonly total: number
    readonly done: number
    readonly failed: number
    /** In a canceled run, the images that had not ended. In other runs 0. */
    readonly canceled: number
    readonly active: number
  }
  /** The blobs that images of the run lacked, each digest once. `total` grows while images are planned. */
  readonly blobs: { readonly total: number; readonly done: number; readonly failed: number }
  /**
   * The bytes of these blobs, without those that were present by other ways or from earlier transfers. `fetched`: bytes
   * over the network, or read to be verified; transfers under way are included.
   */
  readonly bytes: { readonly total: number; readonly fetched: number }
  /** Names that were removed because their mirrors no longer select them, and mirrors that failed to remove theirs. */
  readonly pruned: { readonly names: number; readonly failed: number }
  /** What was not pruned, or could not be found, in sentences. */
  readonly remarks: readonly string[]
  /** What could not be delivered to targets so far: at most 20. */
  readonly undelivered: readonly Undelivered[]
  /** The repair that this verification has begun. */
  readonly repair?: string | undefined
  /** Of a collection of garbage, which has no images. */
  readonly collection?: CollectionStatus | undefined
}

/** Makes a submission that is repeated the same run. */
export interface SubmitOnce {
  readonly key: string
  /** The same for the same request, and for no other. */
  readonly fingerprint: string
}

/** Which runs are listed. Default: all. */
export interface RunFilter {
  /** The most runs that are listed. */
  readonly limit?: number | undefined
  /** Only runs that come behind this one in the list. */
  readonly after?: Pick<RunStatus, 'id' | 'createdAt'> | undefined
  readonly kind?: RunKind | undefined
  readonly state?: RunState | undefined
  /** The name of the schedule that started them. */
  readonly schedule?: string | undefined
}

/** The result of one image, or how far it is. Runs of a queue and embedded mirrors report the same. */
export interface ImageReport {
  /** Its place in the request, from 0. */
  readonly index: number
  readonly reference: string
  /** Its name at the registry that gets it instead of the store. */
  readonly to?: string | undefined
  /** `pruned`: its name was removed, because its mirror no longer selects it. */
  readonly state: 'waiting' | 'active' | 'done' | 'failed' | 'canceled' | 'pruned'
  /** The mirror of a mirror file that selected it. */
  readonly entry?: string | undefined
  readonly digest?: string | undefined
  /** What had its name before, if it is another one. */
  readonly previous?: string | undefined
  /** Nothing had to be done. */
  readonly upToDate?: boolean | undefined
  /** What was fetched for this image, manifests included, or verified. */
  readonly fetched?: Amount | undefined
  /** What was present, or was fetched or verified for another image. */
  readonly shared?: Amount | undefined
  /** What is not known about it, without failing it. */
  readonly remarks?: readonly string[] | undefined
  readonly error?: ReportedError | undefined
  /** Where it failed. Unknown if a service died with it. */
  readonly stage?: FailureStage | undefined
  /** The blobs that could not be fetched, or did not verify. */
  readonly failures?: readonly (ReportedError & { readonly digest: string })[] | undefined
}

/** Which images of a run are listed, and how many. */
export interface ImageFilter {
  readonly state?: ImageReport['state'] | undefined
  /** A part of the reference, or of the name at the registry that gets it. */
  readonly search?: string | undefined
  /** Only images that failed for this cause: the id of a `FailureCause`. */
  readonly cause?: string | undefined
  /** The first index that counts. Default: 0. */
  readonly from?: number | undefined
  readonly limit: number
}

export interface ImagePage {
  readonly images: readonly ImageReport[]
  /** The index from which the next page begins. Undefined: there is none. */
  readonly next?: number | undefined
}

/** What several images of a run failed of. */
export interface FailureCause {
  /** The same in all runs. */
  readonly id: string
  readonly code: Code
  readonly stage?: FailureStage | undefined
  /** The registry that failed; `store` for the store. */
  readonly host?: string | undefined
  /** Without what differs between the images. */
  readonly message: string
  readonly images: number
  /** The reference of one of them. */
  readonly example: string
}

/** Which images are run again. Default: all that failed or were canceled. */
export interface RetryFilter {
  /** Indexes. */
  readonly images?: readonly number[] | undefined
  /** The id of a `FailureCause`. */
  readonly cause?: string | undefined
}

/**
 * What fails: the list of a registry; the name at the destination; the request for the image; its manifests; its blobs; the
 * name; the removal of names that are no longer selected.
 */
export const failureStages = [
  'listing',
  'naming',
  'resolving',
  'planning',
  'transferring',
  'publishing',
  'pruning',
] as const

export type FailureStage = (typeof failureStages)[number]

export interface Amount {
  readonly objects: number
  readonly bytes: number
}

export interface ReportedError {
  readonly code: Code
  readonly message: string
}

/** Waits for the end of one run. Costs a connection until it is disposed of. */
export interface RunWatch extends AsyncDisposable {
  /**
   * Resolves as soon as the run ends, also if it ended since the last call; at the latest after `atMost` milliseconds. An
   * announcement can be lost or old: `Runs.status` tells what holds. Throws only `abortError` of the signal.
   */
  ended(atMost: number, signal: AbortSignal): Promise<void>
}

/** Submits runs to coordinators and reports about them. All clients of a queue see the same runs. */
export interface Runs extends AsyncDisposable {
  /**
   * Resolves to the run's id once the queue has all of it. No service needs to be up. `INVALID_ARGUMENT` for another
   * store than the services', and for an invalid `to`; `RESOURCE_EXHAUSTED` when the queue is full. With `once`, a call that
   * is repeated within a day resolves to the first run; `ALREADY_EXISTS` for another request with its key.
   */
  submit(request: RunRequest, once?: SubmitOnce): Promise<string>
  /**
   * Has coordinators collect the garbage of their store, as a run without images. Only one is under way at a time, beside dry
   * runs: a request for the same again finds it, and `IN_USE` tells of one with another grace. Resolves once the queue has it. `store`: as in
   * `RunRequest`.
   */
  collect(request: CollectionRequest, store?: string): Promise<CollectionRun>
  /**
   * The id of the only run whose id begins with `prefix`; a whole id is its own prefix. `NOT_FOUND` for no such run;
   * `INVALID_ARGUMENT` for several, which the message names, and for fewer than 4 characters.
   */
  resolve(prefix: string): Promise<string>
  /** Newest first. Reads no more runs than it needs to fill `limit`. */
  list(filter?: RunFilter): Promise<RunStatus[]>
  /** Throws `NOT_FOUND`. */
  status(run: string): Promise<RunStatus>
  /** Waits for its end, also for a run that this queue does not have. For one caller. */
  watch(run: string): RunWatch
  /** Every image of the run, in the order of the request, then what was pruned, in bounded memory. `NOT_FOUND`. */
  images(run: string): AsyncIterable<ImageReport>
  /** Only the failed images, in the order of the request, then the mirrors that failed to prune. `NOT_FOUND`. */
  failed(run: string): AsyncIterable<ImageReport>
  /**
   * What a collection that was `listed` has deleted so far, by pages: at most the first 100,000 objects. `from`: the `next` of the
   * page before. `NOT_FOUND`.
   */
  deleted(run: string, from?: number): Promise<DeletedPage>
  /**
   * Some images, in the order of the request, then what was pruned. A call looks at a bounded number of images: a page may
   * have fewer than `limit`, also none, and a next one. `NOT_FOUND`.
   */
  imagePage(run: string, filter: ImageFilter): Promise<ImagePage>
  /** The blobs that an image lacked, until it is done: at most 1,000. `NOT_FOUND`. */
  blobs(run: string, index: number): Promise<BlobReport[]>
  /**
   * The tries of an image and of its blobs that have failed, the oldest first: the last 20, of at most 1,000 images of a run, for a
   * week. `NOT_FOUND`.
   */
  tries(run: string, index: number): Promise<FailedTry[]>
  /** The failed images by cause, those of most images first. Mirrors that failed to prune are not among them. `NOT_FOUND`. */
  causes(run: string): Promise<FailureCause[]>
  /**
   * Runs the failed and the canceled images once more, also while others are under way; resolves to their number. A
   * canceled run is running again, also with 0: its names were still being listed when it was canceled. `NOT_FOUND`; `INVALID_ARGUMENT` for a collection of garbage.
   */
  retry(run: string, filter?: RetryFilter): Promise<number>
  /** Cancels a run: nothing of it starts, and transfers under way end within seconds. Has no effect on an ended run. */
  cancel(run: string): Promise<void>
  /** The id of the services' store; undefined while no service has ever started. */
  store(): Promise<string | undefined>
}
