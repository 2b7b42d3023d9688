import type { Plan } from '@dist/mirror'
import { bareDescriptor } from '@dist/oci'
import type { Job } from 'bullmq'
import type { Verdict } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { newGeneration } from '../jobs/ids.js'
import type { BlobJob, ImageJob } from '../jobs/payload.js'
import { addBlobJobs } from '../jobs/queues.js'

/**
 * Adds a blob job for everything that the plan misses; resolves to the payload as it was saved. The generation is
 * saved first: a crash behind it leaves some children, a started-again job waits for them and makes others under
 * ids that nobody has used.
 */
export async function addChildren(
  engine: Engine,
  job: Job<ImageJob>,
  image: ImageJob,
  plan: Plan,
): Promise<ImageJob> {
  const generation = newGeneration()
  const planned = { ...image, generation }
  await job.updateData(planned)
  await engine.states.planBlobs(image, plan.missing)
  const { run, index, attempt } = image
  const { host, repository } = plan.reference
  const blobs = plan.missing.map(
    (desc): BlobJob => ({
      v: 1,
      run,
      index,
      attempt,
      desc: bareDescriptor(desc),
      source: { host, repository },
    }),
  )
  await addBlobJobs(engine.queues, job, generation, blobs, engine.tuning)
  return planned
}

export async function hasChildJobs(job: Job<ImageJob>): Promise<boolean> {
  if (job.data.generation === undefined) return false
  const { unprocessed } = await job.getDependenciesCount({ unprocessed: true })
  return (unprocessed ?? 0) > 0
}

/** Lets a job end that has children left: those that wait are removed, those under way are waited for. */
export async function drainChildren(job: Job<ImageJob>, token: string): Promise<Verdict> {
  if (!(await hasChildJobs(job))) return 'done'
  await job.removeUnprocessedChildren()
  return (await job.moveToWaitingChildren(token)) ? 'children' : 'done'
}
