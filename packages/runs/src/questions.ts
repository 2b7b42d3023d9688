import type { SourcesText } from './request.js'
import type { ReportedError } from './runs.js'
import type { ImageTree, StoredFilter, StoredImageDetails, StoredPage, StoreReport } from './store.js'

export interface PreviewRequest {
  /** A mirror file, by the rules of `RunRequest.sources`. */
  readonly sources?: SourcesText | undefined
  /** The name of a schedule, in place of a mirror file. */
  readonly schedule?: string | undefined
  /** Also find out what a run would do with each image: a request for each. Default: false. */
  readonly images?: boolean | undefined
  /** Milliseconds. What is not found out by then is left out. Default: 10,000; at most 60,000. */
  readonly timeout?: number | undefined
}

/** What a selection says on one tag. */
export interface PreviewedTag {
  readonly entry: string
  /** With its host. */
  readonly repository: string
  readonly tag: string
  /** The stage at which it fell out: `name`, `include`, `exclude`, `semver`, `newer-than`, `newest`. Undefined: it is selected. */
  readonly fellAt?: string | undefined
  /** Where a stage uses dates. */
  readonly created?: Date | undefined
  /** It passed `newer-than` only because its date is unknown. */
  readonly hasUnknownDate?: boolean | undefined
}

/** What a run would do with an image. */
export interface PreviewedImage {
  readonly entry: string
  readonly reference: string
  /** Its name in a registry, if it does not go into the store. */
  readonly to?: string | undefined
  /** `gone`: the target has it, and its source no longer. Undefined: it is not known. */
  readonly state?: 'new' | 'changed' | 'unchanged' | 'gone' | undefined
  readonly digest?: string | undefined
  /** What has its name now, if it is another one. */
  readonly previous?: string | undefined
  readonly error?: ReportedError | undefined
}

export interface Preview {
  /** At most 5,000. */
  readonly tags: readonly PreviewedTag[]
  /** Of all tags: how many were listed, fell out at each stage, and are selected. */
  readonly tally: {
    readonly listed: number
    readonly fell: Readonly<Record<string, number>>
    readonly selected: number
    readonly unknownDates: number
  }
  /** Names in lists of registries that are not valid: at most 20. */
  readonly invalid: readonly string[]
  /** What could not be listed, or gets no name: at most 100. */
  readonly failures: readonly (ReportedError & {
    readonly entry: string
    readonly source: string
    readonly stage: string
  })[]
  /** What is selected: at most 500. */
  readonly images: readonly PreviewedImage[]
  /** False: the time was up, or there is more than this has. */
  readonly isComplete: boolean
}

/**
 * What coordinators are asked about their store and about registries: they have the credentials. Calls throw `UNAVAILABLE` when no
 * coordinator answers within seconds, and `RESOURCE_EXHAUSTED` while many questions wait.
 */
export interface Questions {
  /**
   * What a mirror file takes from registries, stage by stage, and changes nothing. `INVALID_ARGUMENT` for one with mistakes;
   * `NOT_FOUND` for no such schedule.
   */
  preview(request: PreviewRequest): Promise<Preview>
  /**
   * The tree of an image of a run, as far as its manifests are at its target. `NOT_FOUND`, also while it is not known which
   * image it is.
   */
  tree(run: string, index: number): Promise<ImageTree>
  storedImages(filter: StoredFilter): Promise<StoredPage>
  /** By its name, or a reference that is published under it. `NOT_FOUND`. */
  storedImage(name: string): Promise<StoredImageDetails>
  /** What is known of the store without asking it. */
  store(): Promise<StoreReport>
  /** Has a coordinator measure the store, unless one does. It may take minutes. */
  measure(): Promise<void>
}
