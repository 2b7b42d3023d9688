export type ServiceEvent =
  | { readonly type: 'run'; readonly run: string; readonly state: 'started' | 'done' | 'failed' | 'canceled' }
  | {
      readonly type: 'image' | 'blob'
      readonly run: string
      /** `done`: it was fetched or published; `verified`: what is stored was read, and is right. */
      readonly state:
        | 'started'
        | 'done'
        | 'verified'
        | 'present'
        | 'delayed'
        | 'retrying'
        | 'failed'
        | 'canceled'
      /** The reference, or the digest. */
      readonly subject: string
      /** Of a blob: the reference of the image that needs it, the host that it comes from, and the one that it goes to. */
      readonly image?: string | undefined
      readonly host?: string | undefined
      readonly to?: string | undefined
      readonly bytes?: number | undefined
      readonly milliseconds?: number | undefined
      readonly error?: unknown
    }
  | { readonly type: 'error'; readonly error: unknown }

/** A coordinator or a worker that takes jobs. */
export interface Service {
  /** Resolves when it takes jobs. */
  ready(): Promise<void>
  /** Proves that jobs are being consumed, not only that Redis answers. Throws `UNAVAILABLE` with the reason. */
  checkReady(): Promise<void>
  /** Jobs being worked on. */
  readonly active: number
  /**
   * Takes no more jobs; those under way are aborted and handed back without losing an attempt, or left to the
   * stall check when the deadline (milliseconds, default 10,000) passes first. Never hangs.
   */
  stop(options?: { deadline?: number | undefined }): Promise<void>
}
