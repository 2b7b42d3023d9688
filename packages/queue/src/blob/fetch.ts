import { ingestBlob, type Outcome } from '@dist/mirror'
import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { BlobJob, FetchJob } from '../jobs/payload.js'
import type { WorkerParts } from '../service.js'
import { asking } from './held.js'
import { Progress } from './progress.js'

type Transfer = WorkerParts['transfer']

/**
 * Knows where other workers have brought a blob of the run, so that the registry can take it from there. Asked and told
 * while the digest's lock is held.
 */
function mounting(run: string, { states }: Engine, transfer: Transfer): Transfer {
  return async (task, options) => {
    const { digest } = task.desc
    const mountFrom = await states.placeOf(run, digest)
    const outcome = await transfer({ ...task, mountFrom }, options)
    if (mountFrom === undefined && task.to !== undefined)
      await states.recordPlace(run, digest, task.to.repository)
    return outcome
  }
}

/** Brings a blob in; resolves to the outcome and the bytes that were fetched. Throws `HeldElsewhere` while somebody else fetches it. */
export async function fetchBlob(
  job: Job<BlobJob>,
  blob: FetchJob,
  engine: Engine,
  parts: WorkerParts,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; bytes: number }> {
  const { run, desc, source, to, again } = blob
  const task = { desc, source, to, ...(again ? { again } : {}) }
  await using progress = new Progress(job, blob, engine, (offset, ended) =>
    parts.onTransfer?.({ task, run, offset, ended }),
  )
  const transfer = to === undefined ? parts.transfer : mounting(run, engine, parts.transfer)
  const dependencies = { ...parts, transfer, locker: asking(parts.locker) }
  const onProgress = (offset: number) => progress.reached(offset)
  const onArrived = () => progress.arrived()
  const outcome = await ingestBlob(task, dependencies, { signal, onProgress, onArrived })
  await progress.settle(outcome)
  return { outcome, bytes: progress.bytes }
}
