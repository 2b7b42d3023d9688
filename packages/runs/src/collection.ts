import type { Amount, ReportedError } from './runs.js'

/** A collection of garbage that coordinators are to do. */
export interface CollectionRequest {
  /** Milliseconds: younger content and younger writes are kept. */
  readonly grace: number
  /** Delete nothing, and tell what would be deleted. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Keep for a day which content was deleted, for `Runs.deleted`. Default: false. */
  readonly listed?: boolean | undefined
}

/** What a collection has done last: it has waited for processes, read names, listed objects, or deleted `done` of `total`. */
export type CollectionProgress =
  | { readonly type: 'waiting'; readonly processes: number }
  | { readonly type: 'reading'; readonly names: number }
  | { readonly type: 'listing'; readonly objects: number }
  | { readonly type: 'deleted'; readonly done: number; readonly total: number }

/** A collection of garbage, as the status of its run tells it. */
export interface CollectionStatus {
  /** Milliseconds. */
  readonly grace: number
  readonly dryRun: boolean
  /** Undefined before it begins and after its end. */
  readonly progress?: CollectionProgress | undefined
  /** Set once it has ended by itself. */
  readonly outcome?: CollectionOutcome | undefined
}

export interface CollectionOutcome {
  /** Images of the store, with those that other tools keep there without a name. */
  readonly images: number
  /** What was deleted, or would be. */
  readonly deleted: Amount
  /** What no image needs, and is kept: it is too young, or on its way into an image. */
  readonly young: Amount
  /** What images need. */
  readonly needed: Amount
  /** Abandoned writes that were discarded, or would be. */
  readonly abandoned: Amount
  /** Manifests that cannot be read: no content was deleted. The first ten of them. */
  readonly unknown: readonly UnknownManifest[]
  /** How many there are. */
  readonly unknownCount: number
}

/** A manifest that cannot be read, so that it is unknown what its image needs. */
export interface UnknownManifest {
  /** The image; undefined for what another tool keeps without a name. */
  readonly name?: string | undefined
  readonly digest: string
  readonly error: ReportedError
}

/** Content that a collection has deleted, or would delete. */
export interface DeletedContent {
  readonly digest: string
  readonly size: number
}

export interface DeletedPage {
  readonly items: readonly DeletedContent[]
  /** Undefined: this is the last page. */
  readonly next?: number | undefined
}

/** The run of a collection of garbage. */
export interface CollectionRun {
  readonly run: string
  /** Whether it was under way already. */
  readonly isJoined: boolean
}
