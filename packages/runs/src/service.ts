export type ServiceEvent =
  | { readonly type: 'run'; readonly run: string; readonly state: 'started' | 'done' | 'failed' | 'canceled' }
  | {
      readonly type: 'image' | 'blob'
      readonly run: string
      /** `done`: it was fetched or published; `verified`: the stored content was read and is right. */
      readonly state:
        | 'started'
        | 'done'
        | 'verified'
        | 'present'
        | 'delayed'
        | 'retrying'
        | 'failed'
        | 'canceled'
      /** The reference of an image, or the digest of a blob. */
      readonly subject: string
      /** For a blob: the reference of its image, the host of its source, and the host of its destination. */
      readonly image?: string | undefined
      readonly host?: string | undefined
      readonly to?: string | undefined
      readonly bytes?: number | undefined
      readonly milliseconds?: number | undefined
      readonly error?: unknown
    }
  | {
      readonly type: 'schedule'
      /** `skipped`: its last run is still going. `lost`: Redis has it no more. */
      readonly state: 'started' | 'skipped' | 'failed' | 'lost' | 'applied'
      /** Its name; of `lost` and `applied` the names of several, for the log. */
      readonly schedule: string
      /** The run that it started, or that is going. */
      readonly run?: string | undefined
      readonly error?: unknown
    }
  /** Garbage was collected. */
  | {
      readonly type: 'collection'
      readonly run: string
      readonly state: 'done'
      readonly objects: number
      readonly bytes: number
      readonly images: number
      /** Nothing was deleted: it is what would be. */
      readonly dryRun: boolean
    }
  /** A name of the store: `subject`. */
  | {
      readonly type: 'name'
      readonly run: string
      /** `unpublished`: until it is repaired. */
      readonly state: 'pruned' | 'unpublished'
      readonly subject: string
    }
  /** Bad content of the store, `subject`, was moved to a location. */
  | {
      readonly type: 'content'
      readonly run: string
      readonly state: 'aside'
      readonly subject: string
      readonly location: string
    }
  /** What a target is told of an entry: `subject`. */
  | {
      readonly type: 'notice'
      readonly run: string
      readonly state: 'delivered' | 'retrying' | 'failed'
      readonly subject: string
      readonly target: string
      readonly error?: unknown
    }
  | { readonly type: 'error'; readonly error: unknown }

/** A coordinator or a worker that takes jobs. */
export interface Service {
  /** Resolves when it takes jobs. */
  ready(): Promise<void>
  /** Proves that jobs are being consumed, not only that Redis answers. Throws `UNAVAILABLE` with the reason. */
  checkReady(): Promise<void>
  /** Jobs under way. */
  readonly active: number
  /**
   * Takes no more jobs. Jobs under way are aborted and handed back without using an attempt; after the deadline
   * (milliseconds, default 10,000) they are left to the stall check. Never hangs.
   */
  stop(options?: { deadline?: number | undefined }): Promise<void>
}
