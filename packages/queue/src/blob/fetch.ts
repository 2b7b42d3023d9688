import { ingestBlob, type Outcome } from '@dist/mirror'
import { parseReference } from '@dist/reference'
import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { BlobJob, FetchJob } from '../jobs/payload.js'
import type { WorkerParts } from '../service.js'
import { storedFor } from '../state/blobs.js'
import { withAbsence } from './absence.js'
import { Progress } from './progress.js'
import { singleAttempt } from './single-attempt.js'

type Transfer = WorkerParts['transfer']

/**
 * Has the registry mount a blob from where other workers of the run have put it, and records where this one puts it.
 * Runs while the digest's lock is held.
 */
function withMounts(run: string, { states }: Engine, transfer: Transfer): Transfer {
  return async (task, options) => {
    const { digest } = task.desc
    const mountFrom = await states.mountFrom(run, digest)
    const outcome = await transfer({ ...task, mountFrom }, options)
    if (mountFrom === undefined && task.to !== undefined)
      await states.recordMount(run, digest, task.to.repository)
    return outcome
  }
}

interface FetchOptions {
  readonly signal: AbortSignal
  /** Called when the source has sent all bytes. They are not stored yet. */
  readonly onArrived: () => void
}

/**
 * Fetches a blob into the store or to a registry; resolves to the outcome and the bytes that were moved. Throws
 * `HeldElsewhere` while another worker fetches it.
 */
export async function fetchBlob(
  job: Job<BlobJob>,
  blob: FetchJob,
  engine: Engine,
  parts: WorkerParts,
  { signal, onArrived }: FetchOptions,
): Promise<{ outcome: Outcome; bytes: number }> {
  const { run, desc, image, to, again } = blob
  const { host, repository } = parseReference(image)
  const source = { host, repository }
  const task = { desc, source, to, again }
  const report = (offset: number, ended: boolean) => parts.onTransfer?.({ task, run, offset, ended })
  const usesAbsence = parts.trustsAbsence === true && to === undefined
  await using progress = new Progress(job, blob, engine, report, usesAbsence ? storedFor : 0)
  const own = usesAbsence ? withAbsence(job, blob, engine, progress, parts.transfer) : parts.transfer
  const transfer = to === undefined ? own : withMounts(run, engine, parts.transfer)
  const dependencies = { ...parts, transfer, locker: singleAttempt(parts.locker) }
  const onProgress = (offset: number) => progress.reached(offset)
  const recordArrived = () => {
    onArrived()
    return progress.arrived()
  }
  const outcome = await ingestBlob(task, dependencies, { signal, onProgress, onArrived: recordArrived })
  await progress.settle(outcome)
  return { outcome, bytes: progress.bytes }
}
