import { DistError, withSubject } from '@dist/errdefs'
import { type Descriptor, isDigest } from '@dist/oci'
import type { ImageReport } from '@dist/runs'
import type { Job } from 'bullmq'
import { readReason, reportedError } from '../jobs/failure.js'
import { blobJobId } from '../jobs/ids.js'
import type { ImageJob } from '../jobs/payload.js'
import { queueNames } from '../jobs/queues.js'
import { type ImageRecord, maxFailures } from '../state/record.js'
import { atStage, stageOf } from './stages.js'

type BlobFailure = NonNullable<ImageReport['failures']>[number]

/** Plans of an image after which blobs that go missing again fail it. */
const maxPlans = 6

/** An image failed because of these blobs. */
export class BlobsFailed extends DistError {
  constructor(readonly failures: readonly BlobFailure[]) {
    const [first] = failures
    const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : ''
    const message = first === undefined ? 'no reason is known' : withSubject(first.digest, first.message)
    super(first?.code ?? 'INTERNAL', `${message}${more}`, { retryable: false })
  }
}

/**
 * Why blobs are still missing after the last plan, when their jobs have failed for good. Undefined when no job of this
 * generation has failed: nothing was planned yet, or a crash came before all jobs were added.
 */
export async function failureOf(
  job: Job<ImageJob>,
  image: ImageJob,
  missing: readonly Descriptor[],
): Promise<DistError | undefined> {
  const { generation } = image
  if (generation === undefined) return undefined
  const failed = await failedBlobs(job, image, generation, missing)
  if (failed !== undefined) return failed
  if ((image.plans ?? 0) < maxPlans) return undefined
  const [desc] = missing
  return new DistError('UNAVAILABLE', `${desc?.digest}: is missing again each time it has been fetched`, {
    retryable: false,
  })
}

/** The error of a publication; when the registry lacks blobs whose jobs failed, the errors of those jobs instead. */
export async function withBlobFailures(
  job: Job<ImageJob>,
  image: ImageJob,
  error: unknown,
): Promise<unknown> {
  const lacks = error instanceof DistError ? (error.lacks ?? []) : []
  if (image.generation === undefined || lacks.length === 0) return error
  const digests = lacks.filter(isDigest).map((digest) => ({ digest }))
  const failed = await failedBlobs(job, image, image.generation, digests)
  return failed === undefined ? error : atStage('transferring', failed)
}

async function failedBlobs(
  job: Job<ImageJob>,
  image: ImageJob,
  generation: string,
  blobs: readonly Pick<Descriptor, 'digest'>[],
): Promise<BlobsFailed | undefined> {
  const reasons = await job.getIgnoredChildrenFailures()
  const failures = blobs.flatMap(({ digest }) => {
    const reason = reasons[`${blobQueueKey(job)}:${blobJobId(image, generation, digest)}`]
    return reason === undefined ? [] : [{ digest, ...readReason(reason) }]
  })
  return failures.length > 0 ? new BlobsFailed(failures) : undefined
}

export function recordOfFailure(
  error: unknown,
  resolved: Descriptor | undefined,
): Omit<ImageRecord, 'attempt'> {
  return {
    state: 'failed',
    error: reportedError(error),
    stage: stageOf(error),
    digest: resolved?.digest,
    failures: error instanceof BlobsFailed ? error.failures.slice(0, maxFailures) : undefined,
  }
}

/** BullMQ's key of the blob queue, with the prefix of the job's own queue. */
function blobQueueKey(job: Job<ImageJob>): string {
  const prefix = job.queueQualifiedName.slice(0, job.queueQualifiedName.lastIndexOf(':'))
  return `${prefix}:${queueNames.blobs}`
}
