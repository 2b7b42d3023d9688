import type { ReportedError } from './runs.js'

/** A blob that an image lacked when it was planned. */
export interface BlobReport {
  /** The first 32 digits of its digest. */
  readonly prefix: string
  /** Known while it has a job, and where it has failed. */
  readonly digest?: string | undefined
  /** `present`: it was there, or came for another image. */
  readonly state: 'waiting' | 'active' | 'fetched' | 'present' | 'failed'
  /** The bytes to fetch. */
  readonly size: number
  readonly fetched: number
  /** Tries that have failed. */
  readonly tries: number
  /** The service that has its job: its id, as `services` lists it. */
  readonly worker?: string | undefined
  readonly nextTryAt?: Date | undefined
  /** Of its last try. */
  readonly error?: ReportedError | undefined
}

/** A try of an image or of one of its blobs that has failed. */
export interface FailedTry {
  readonly at: Date
  /** The blob. Undefined: the image itself, which could not be resolved, planned or published. */
  readonly digest?: string | undefined
  /** The service that tried, by its id. */
  readonly service?: string | undefined
  readonly error: ReportedError
}
