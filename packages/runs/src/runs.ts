import type { Selection } from '@dist/content'
import type { Code } from '@dist/errdefs'

/** `mirror`: images are brought in; `verify`: what the services' store has of them is hashed again. */
export type RunKind = 'mirror' | 'verify'

/** What somebody wants mirrored or verified. */
export interface RunRequest {
  /** Default: `mirror`. */
  readonly kind?: RunKind | undefined
  /**
   * As users write them; a bad one fails its image, not the run. Read once, in bounded memory. To verify none in
   * particular is to verify all that the store has when a coordinator takes the run.
   */
  readonly references: Iterable<string> | AsyncIterable<string>
  /** All platforms, or those listed (`linux/arm64`). Of a verification it does not count. */
  readonly platforms: Selection
  /** The id of the store that is meant; refused with `INVALID_ARGUMENT` when the services have another. */
  readonly store?: string | undefined
  /** Somebody waits for these images: they go before those of other runs. Default: false. */
  readonly byHand?: boolean | undefined
  /** A registry, or a path there (`registry.example.com/mirror`), that gets the images in place of the store. */
  readonly to?: string | undefined
}

/**
 * `running`: images are under way; `done`: all images are; `failed`: all images ended, some failed;
 * `canceled`: somebody gave it up; `lost`: Redis no longer knows its jobs.
 */
export type RunState = 'running' | 'done' | 'failed' | 'canceled' | 'lost'

export interface RunStatus {
  readonly id: string
  readonly kind: RunKind
  readonly state: RunState
  readonly createdAt: Date
  /** Set once the run has ended. */
  readonly endedAt?: Date | undefined
  /** Milliseconds that it took, or has taken so far. The time between an end and a retry is not in it. */
  readonly elapsed: number
  /** Empty until a coordinator has the run, where nobody named a store and none was known. */
  readonly store: string
  /** Where the images go, when not into the store; then no store is named. */
  readonly to?: string | undefined
  readonly platforms: Selection
  /** Why a run has failed that never got as far as its images. */
  readonly error?: ReportedError | undefined
  readonly images: {
    readonly total: number
    readonly done: number
    readonly failed: number
    /** In a run that was given up, those that had not ended by then: what has not is under way or waits in others. */
    readonly canceled: number
    readonly active: number
  }
  /** Blobs that images of the run lacked, each once however many they are; `total` grows while images are planned. */
  readonly blobs: { readonly total: number; readonly done: number; readonly failed: number }
  /**
   * Of these blobs, but for what was there by other ways or from earlier, cut-off transfers; `fetched` counts what crossed
   * the network, or was read to be verified; what is under way is included.
   */
  readonly bytes: { readonly total: number; readonly fetched: number }
}

/** Which runs are listed. Default: all. */
export interface RunFilter {
  /** The most runs that are listed. */
  readonly limit?: number | undefined
  readonly state?: RunState | undefined
}

/** How it went, or goes, for one image of a run. */
export interface ImageReport {
  /** Its place in the request, from 0. */
  readonly index: number
  readonly reference: string
  /** The name that it gets at a registry, where it does not go into the store. */
  readonly to?: string | undefined
  readonly state: 'waiting' | 'active' | 'done' | 'failed' | 'canceled'
  readonly digest?: string | undefined
  /** Nothing had to be done. */
  readonly upToDate?: boolean | undefined
  /** What this image's own jobs fetched, manifests included, or verified. */
  readonly fetched?: Amount | undefined
  /** What was there, or came through another image's jobs, or was verified by them. */
  readonly shared?: Amount | undefined
  /** What could not be found out of it, and did not matter enough to fail it. */
  readonly remarks?: readonly string[] | undefined
  readonly error?: ReportedError | undefined
  /** The blobs that could not be had, or are not as they should be. */
  readonly failures?: readonly (ReportedError & { readonly digest: string })[] | undefined
}

export interface Amount {
  readonly objects: number
  readonly bytes: number
}

export interface ReportedError {
  readonly code: Code
  readonly message: string
}

/** Submits runs to the coordinators and looks after them. Everybody who can reach the queue sees the same runs. */
export interface Runs extends AsyncDisposable {
  /**
   * Resolves to the run's id once Redis has all of it. Submitting needs no service to be up.
   * `INVALID_ARGUMENT` for another store than the services' own, and for a `to` that is none; `RESOURCE_EXHAUSTED`
   * when Redis is full.
   */
  submit(request: RunRequest): Promise<string>
  /**
   * The id of the only run whose id begins with `prefix`; a whole id is its own prefix. `NOT_FOUND` for no such run;
   * `INVALID_ARGUMENT` for several, which the message names, and for fewer than 4 characters.
   */
  resolve(prefix: string): Promise<string>
  /** Newest first. Reads no more runs than it needs to fill `limit`. */
  list(filter?: RunFilter): Promise<RunStatus[]>
  /** Throws `NOT_FOUND`; a run whose jobs are gone is `lost`. */
  status(run: string): Promise<RunStatus>
  /** Every image of the run, in the order of the request, in bounded memory. */
  images(run: string): AsyncIterable<ImageReport>
  /** Only those that failed, in the order of the request. */
  failed(run: string): AsyncIterable<ImageReport>
  /**
   * Runs the failed and the canceled images once more, also while others are under way; resolves to their number. A
   * canceled run is running again, also with 0: its names were still being listed when it was canceled.
   */
  retry(run: string): Promise<number>
  /**
   * Nothing of the run starts any more, and transfers under way stop within a second or so. A run that has ended
   * stays as it is.
   */
  cancel(run: string): Promise<void>
  /** The id of the store that the services write to; undefined while none has ever started. */
  store(): Promise<string | undefined>
}
