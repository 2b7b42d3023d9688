import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { FetchJob } from '../jobs/payload.js'
import type { WorkerParts } from '../service.js'
import type { Progress } from './progress.js'

type Transfer = WorkerParts['transfer']

/** The age of a job, in milliseconds, up to which the plan of its image shows what the store lacks. */
const longestAge = 60_000

/**
 * Tells a transfer into the store whether the store lacks the blob, and records the outcome. Runs while the digest's lock is
 * held: the next job of the blob finds the record.
 */
export function withAbsence(
  job: Job,
  { desc }: FetchJob,
  engine: Engine,
  progress: Progress,
  transfer: Transfer,
): Transfer {
  return async (task, options) => {
    const absent = isRecent(job) && !(await engine.states.hasStored(desc.digest))
    const outcome = await transfer(task, { ...options, absent })
    await progress.settle(outcome)
    return outcome
  }
}

/**
 * Whether the image of the job was planned lately, and this is the first start of the job: a worker that died may have stored
 * the blob. Where clocks differ a job may seem to be recent; its blob may be fetched twice then.
 */
function isRecent({ timestamp, attemptsStarted }: Job): boolean {
  return attemptsStarted <= 1 && Math.abs(Date.now() - timestamp) <= longestAge
}
