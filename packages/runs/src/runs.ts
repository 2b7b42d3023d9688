import type { Selection } from '@dist/content'
import type { Code } from '@dist/errdefs'

/** `mirror`: images are fetched; `verify`: the stored content of images is hashed again. */
export type RunKind = 'mirror' | 'verify'

export interface RunRequest {
  /** Default: `mirror`. */
  readonly kind?: RunKind | undefined
  /**
   * As users write them. An invalid one fails its image, not the run. Read once, in bounded memory. A verification
   * without references verifies all images that the store has when a coordinator takes the run.
   */
  readonly references: Iterable<string> | AsyncIterable<string>
  /**
   * A mirror file, in place of references: a coordinator lists and selects what it takes, with its own settings of
   * registries. `INVALID_ARGUMENT` for one with mistakes, and for one that needs files, variables or `registries`.
   */
  readonly sources?: SourcesText | undefined
  /** All platforms, or those listed (`linux/arm64`). A verification ignores it. */
  readonly platforms: Selection
  /** The id of the expected store. `INVALID_ARGUMENT` when the services have another one. */
  readonly store?: string | undefined
  /** A person waits for these images: they go before those of other runs. Default: false. */
  readonly byHand?: boolean | undefined
  /** A registry, or a path there (`registry.example.com/mirror`), that gets the images instead of the store. */
  readonly to?: string | undefined
  /** The name of the schedule that starts the run. Default: a person does. */
  readonly schedule?: string | undefined
  /** Mirrors are pruned whatever their limits are. Default: false. */
  readonly force?: boolean | undefined
}

/** The text of a mirror file. */
export interface SourcesText {
  readonly text: string
  readonly language: 'yaml' | 'json' | 'toml'
}

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
  /** What was not pruned, in sentences. */
  readonly remarks: readonly string[]
}

/** Which runs are listed. Default: all. */
export interface RunFilter {
  /** The most runs that are listed. */
  readonly limit?: number | undefined
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
   * store than the services', and for an invalid `to`; `RESOURCE_EXHAUSTED` when the queue is full.
   */
  submit(request: RunRequest): Promise<string>
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
   * Runs the failed and the canceled images once more, also while others are under way; resolves to their number. A
   * canceled run is running again, also with 0: its names were still being listed when it was canceled. `NOT_FOUND`.
   */
  retry(run: string): Promise<number>
  /** Cancels a run: nothing of it starts, and transfers under way end within seconds. Has no effect on an ended run. */
  cancel(run: string): Promise<void>
  /** The id of the services' store; undefined while no service has ever started. */
  store(): Promise<string | undefined>
}
