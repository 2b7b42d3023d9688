import type { Descriptor } from '@dist/oci'
import type { BlobJob, ImageJob } from '../jobs/payload.js'
import type { RunHead } from '../state/head.js'
import type { ImageRecord } from '../state/record.js'
import type { WaitingImage } from './waiting.js'

/** The state of an image at one time. */
export interface Observation {
  /** The payload with which the job goes on when blob jobs are added. */
  readonly payload: ImageJob
  /** The blobs that blob jobs have to fetch or verify before the image can end. */
  readonly missing: readonly Descriptor[]
  /** Whether the target has the image already: ending it writes nothing there. Default: false. */
  readonly upToDate?: boolean | undefined
  jobOf(desc: Descriptor): BlobJob
  /**
   * Ends an image without missing blobs: publishes it. Resolves to its record, or to another observation when blobs
   * turn out to be missing. Throws why the image has failed.
   */
  finish(): Promise<Omit<ImageRecord, 'attempt'> | Observation>
  /** What saves observing the image from its beginning when its blob jobs have ended. Default: nothing does. */
  readonly waiting?: WaitingImage | undefined
}

/** How the images of one kind of run are observed: mirrored or verified. It relies on the target, not on jobs. */
export interface ImageKind {
  observe(image: ImageJob, head: RunHead, signal: AbortSignal): Promise<Observation>
}
