import type { Descriptor } from '@dist/oci'
import type { BlobJob, ImageJob } from '../jobs/payload.js'
import type { RunHead } from '../state/head.js'
import type { ImageRecord } from '../state/record.js'

/** What one look at an image has found. */
export interface Observation {
  /** The payload to go on from when jobs are added for what is open. */
  readonly payload: ImageJob
  /** The blobs that jobs have to see to before the image can end. */
  readonly missing: readonly Descriptor[]
  jobOf(desc: Descriptor): BlobJob
  /**
   * Ends an image of which nothing is open; resolves to what is recorded of it, or to a look at what turned out to be
   * open all the same. Throws why it has failed.
   */
  finish(): Promise<Omit<ImageRecord, 'attempt'> | Observation>
}

/** What is done for the images of one kind of run. However often it looks, it goes by what is there. */
export interface Work {
  observe(image: ImageJob, head: RunHead, signal: AbortSignal): Promise<Observation>
}
