import { ingestBlob } from '@dist/mirror'
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
    const at = await states.placeOf(run, digest)
    const moved = await transfer(at === undefined ? task : { ...task, at }, options)
    if (at === undefined && task.to !== undefined) await states.recordPlace(run, digest, task.to.repository)
    return moved
  }
}

/** Brings a blob in; resolves to how it got there and the bytes that came. Throws `HeldElsewhere` while somebody else fetches it. */
export async function fetchBlob(
  job: Job<BlobJob>,
  blob: FetchJob,
  engine: Engine,
  parts: WorkerParts,
  signal: AbortSignal,
): Promise<{ state: 'done' | 'present'; bytes: number }> {
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
  return { state: outcome === 'fetched' ? 'done' : 'present', bytes: progress.bytes }
}
