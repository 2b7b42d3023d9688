import { type Job, type JobsOptions, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Tuning } from '../tuning.js'
import { backoffType } from './failure.js'
import { blobJobId, imageJobId, runJobId } from './ids.js'
import { type BlobJob, type ImageJob, maxPayload, type RunJob } from './payload.js'

export const queueNames = { runs: 'runs', images: 'images', blobs: 'blobs' } as const

/** Of jobs that were completed so many are kept, for those who want to look at them. */
const keptCompleted = 1_000
/** Nothing of ours reads events: they are for those who watch. */
const keptEvents = 1_000
/** Jobs that go to Redis at once. */
const atOnce = 500

export interface Queues {
  readonly runs: Queue<RunJob>
  readonly images: Queue<ImageJob>
  readonly blobs: Queue<BlobJob>
}

/** The three queues over one connection, which stays the caller's. */
export function openQueues(redis: Redis, prefix: string, onError: (error: unknown) => void): Queues {
  const open = <T>(name: string) => {
    const queue = new Queue<T, unknown, string, T, unknown, string>(name, {
      connection: redis,
      prefix,
      streams: { events: { maxLen: keptEvents } },
    })
    queue.on('error', onError)
    return queue
  }
  return { runs: open(queueNames.runs), images: open(queueNames.images), blobs: open(queueNames.blobs) }
}

// Failed jobs stay until their image is tried again or their run is removed: the id of one that is there is spent.
const options = (tuning: Tuning): JobsOptions => ({
  attempts: tuning.attempts,
  backoff: { type: backoffType },
  removeOnComplete: { count: keptCompleted },
  removeOnFail: false,
  stackTraceLimit: 0,
  sizeLimit: maxPayload,
})

export async function addRunJob(queues: Queues, job: RunJob, tuning: Tuning): Promise<void> {
  await queues.runs.add('run', job, { ...options(tuning), jobId: runJobId(job) })
}

/** An image job and its turn: the lower the number, the sooner; undefined before all numbers. */
export interface PrioritizedImage {
  readonly job: ImageJob
  readonly priority: number | undefined
}

export async function addImageJobs(
  queues: Queues,
  images: readonly PrioritizedImage[],
  tuning: Tuning,
): Promise<void> {
  for (let start = 0; start < images.length; start += atOnce) {
    const some = images.slice(start, start + atOnce).map(({ job: data, priority }) => {
      const opts = { ...options(tuning), ...priorityOption(priority), jobId: imageJobId(data) }
      return { name: 'image', data, opts }
    })
    await queues.images.addBulk(some)
  }
}

function priorityOption(priority: number | undefined): { priority?: number } {
  return priority === undefined ? {} : { priority }
}

/**
 * Adds blob jobs as children of an image job, with its priority. Their failure lets the parent wake like their success.
 */
export async function addBlobJobs(
  queues: Queues,
  parent: Job<ImageJob>,
  generation: string,
  jobs: readonly BlobJob[],
  tuning: Tuning,
): Promise<void> {
  const image = { id: parent.id ?? '', queue: parent.queueQualifiedName }
  for (let start = 0; start < jobs.length; start += atOnce) {
    const some = jobs.slice(start, start + atOnce).map((data) => {
      const jobId = blobJobId(data, generation, data.desc.digest)
      const opts = {
        ...options(tuning),
        ...priorityOption(parent.opts.priority),
        jobId,
        parent: image,
        ignoreDependencyOnFailure: true,
      }
      return { name: 'blob', data, opts }
    })
    await queues.blobs.addBulk(some)
  }
}
