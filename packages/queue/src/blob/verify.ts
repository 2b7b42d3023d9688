import { DistError } from '@dist/errdefs'
import type { BadContentState, Outcome } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { BlobJob, VerifyJob } from '../jobs/payload.js'
import type { WorkerParts } from '../service.js'
import { Progress } from './progress.js'
import { singleAttempt } from './single-attempt.js'

/** The memory that the read of one blob may take, in bytes. */
const readMemory = 1024 * 1024

/**
 * Hashes a stored blob again, unless another image of the run had it hashed. Throws for a bad blob:
 * `FAILED_PRECONDITION` when it is damaged, `NOT_FOUND` when it is missing, else the error of the store. Throws
 * `HeldElsewhere` while another worker reads it for this run.
 */
export async function verifyStored(
  job: Job<BlobJob>,
  blob: VerifyJob,
  engine: Engine,
  parts: WorkerParts,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; bytes: number }> {
  const { run, desc } = blob
  if (await settleKnown(engine, blob)) return { outcome: 'present', bytes: desc.size }
  // When the lock is lost the blob is read twice, without harm.
  await using _held = await singleAttempt(parts.locker).acquire(`verify-${run}-${desc.digest}`, { signal })
  if (await settleKnown(engine, blob)) return { outcome: 'present', bytes: desc.size }
  using _granted = await parts.budget.acquire(Math.min(desc.size, readMemory), { signal })
  await using progress = new Progress(job, blob, engine)
  const onProgress = (offset: number) => progress.reached(offset)
  const content = await parts.verify(desc, { signal, onProgress })
  if (content.state !== 'right') throw errorOf(content, desc)
  await engine.states.recordVerified(blob, desc.digest, 'right')
  await progress.settle('fetched')
  return { outcome: 'fetched', bytes: desc.size }
}

/** Whether the run has the blob's outcome already; then it is settled for this image, too. */
async function settleKnown({ states }: Engine, blob: VerifyJob): Promise<boolean> {
  const [outcome] = await states.verified(blob, [blob.desc])
  if (outcome === undefined) return false
  await states.settleBlob(blob, blob.desc, outcome === 'right' ? 'present' : 'failed')
  return true
}

function errorOf(content: BadContentState, { size }: Descriptor): DistError {
  if (content.state === 'missing') return new DistError('NOT_FOUND', 'is missing from the store')
  if (content.state === 'unreadable')
    return new DistError(content.code, content.message, { retryable: content.retryable })
  const sizes = content.size === size ? '' : `size ${content.size}, expected ${size}; `
  return new DistError(
    'FAILED_PRECONDITION',
    `is damaged in the store: ${sizes}actual digest ${content.digest}`,
  )
}
