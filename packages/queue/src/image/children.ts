import type { Job } from 'bullmq'
import type { JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { newGeneration } from '../jobs/ids.js'
import type { ImageJob } from '../jobs/payload.js'
import { addBlobJobs } from '../jobs/queues.js'
import type { Observation } from './work.js'

/**
 * Adds a blob job for everything that is open; resolves to the payload as it was saved. The generation is saved first:
 * a crash behind it leaves some children, a started-again job waits for them and makes others under ids that nobody
 * has used.
 */
export async function addChildren(engine: Engine, job: Job<ImageJob>, look: Observation): Promise<ImageJob> {
  const generation = newGeneration()
  const planned = { ...look.payload, generation }
  await job.updateData(planned)
  await engine.states.planBlobs(planned, look.missing)
  await addBlobJobs(engine.queues, job, generation, look.missing.map(look.jobOf), engine.tuning)
  return planned
}

export async function hasChildJobs(job: Job<ImageJob>): Promise<boolean> {
  if (job.data.generation === undefined) return false
  const { unprocessed } = await job.getDependenciesCount({ unprocessed: true })
  return (unprocessed ?? 0) > 0
}

/**
 * Lets a job end that has children left: those that wait are removed, those under way are waited for. Those that have
 * failed go: an image that is over by other ways would leave them for ever.
 */
export async function drainChildren(
  { queues }: Engine,
  job: Job<ImageJob>,
  token: string,
): Promise<JobOutcome> {
  if (job.data.generation === undefined) return 'done'
  if (await hasChildJobs(job)) {
    await job.removeUnprocessedChildren()
    if (await job.moveToWaitingChildren(token)) return 'children'
  }
  for (const key of Object.keys(await job.getIgnoredChildrenFailures()))
    await queues.blobs.remove(key.slice(queues.blobs.toKey('').length))
  return 'done'
}
