import type { Job } from 'bullmq'
import type { JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { newGeneration } from '../jobs/ids.js'
import type { ImageJob } from '../jobs/payload.js'
import { addBlobJobs } from '../jobs/queues.js'
import type { Observation } from './kind.js'

/**
 * Adds a blob job for each missing blob; resolves to the payload as it was saved, or undefined when the attempt counts
 * no more. The generation is saved first: after a crash that left some children, the job that is started again waits for
 * them and adds others with new ids.
 */
export async function addChildren(
  engine: Engine,
  job: Job<ImageJob>,
  observation: Observation,
): Promise<ImageJob | undefined> {
  const generation = newGeneration()
  const planned = { ...observation.payload, generation }
  const key = engine.queues.images.toKey(job.id ?? '')
  if (!(await engine.states.planBlobs(planned, observation.missing, { key, data: planned }))) return undefined
  job.data = planned
  const jobs = observation.missing.map((desc) => observation.jobOf(desc))
  await addBlobJobs(engine.queues, job, generation, jobs)
  return planned
}

export async function hasChildJobs(job: Job<ImageJob>): Promise<boolean> {
  if (job.data.generation === undefined) return false
  const { unprocessed } = await job.getDependenciesCount({ unprocessed: true })
  return (unprocessed ?? 0) > 0
}

export async function hasFailedJobs({ redis, queues }: Engine, { id }: Job<ImageJob>): Promise<boolean> {
  return (await redis.hlen(`${queues.images.toKey(id ?? '')}:failed`)) > 0
}

/**
 * Ends a job that may have children: removes the waiting ones, waits for those under way, and removes those that
 * failed, which would stay in Redis for good otherwise.
 */
export async function drainChildren(
  { queues }: Engine,
  job: Job<ImageJob>,
  token: string,
): Promise<JobOutcome> {
  if (job.data.generation === undefined) return 'done'
  const [hasChildren, failed] = await Promise.all([hasChildJobs(job), job.getIgnoredChildrenFailures()])
  if (hasChildren) {
    await job.removeUnprocessedChildren()
    if (await job.moveToWaitingChildren(token)) return 'children'
  }
  // Without children that have not ended, these are all that failed.
  const failures = hasChildren ? await job.getIgnoredChildrenFailures() : failed
  for (const key of Object.keys(failures)) await queues.blobs.remove(key.slice(queues.blobs.toKey('').length))
  return 'done'
}
