import { DistError } from '@dist/errdefs'
import type { BadContentState, Outcome } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { BlobJob, VerifyJob } from '../jobs/payload.js'
import type { WorkerParts } from '../service.js'
import { asking } from './held.js'
import { Progress } from './progress.js'

/** The memory that one blob which is read may take, in bytes. */
const readMemory = 1024 * 1024

/**
 * Hashes a blob of the store again, unless another image of the run had that done. Throws what is wrong with it:
 * `FAILED_PRECONDITION` when it is damaged, `NOT_FOUND` when it is missing, else what the store said; and
 * `HeldElsewhere` while somebody else reads it for this run.
 */
export async function verifyStored(
  job: Job<BlobJob>,
  blob: VerifyJob,
  engine: Engine,
  parts: WorkerParts,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; bytes: number }> {
  const { run, desc } = blob
  if (await isKnown(engine, blob)) return { outcome: 'present', bytes: desc.size }
  // A lost lock costs that it is read twice.
  await using _held = await asking(parts.locker).acquire(`verify-${run}-${desc.digest}`, { signal })
  if (await isKnown(engine, blob)) return { outcome: 'present', bytes: desc.size }
  using _granted = await parts.budget.acquire(Math.min(desc.size, readMemory), { signal })
  await using progress = new Progress(job, blob, engine)
  const onProgress = (offset: number) => progress.reached(offset)
  const verdict = await parts.verify(desc, { signal, onProgress })
  if (verdict.state !== 'right') throw errorOf(verdict, desc)
  await engine.states.recordVerdict(blob, desc.digest, 'right')
  await progress.settle('fetched')
  return { outcome: 'fetched', bytes: desc.size }
}

/** Whether the run knows already what has become of it; then that is noted for this image, too. */
async function isKnown({ states }: Engine, blob: VerifyJob): Promise<boolean> {
  const [verdict] = await states.verdicts(blob, [blob.desc])
  if (verdict === undefined) return false
  await states.settleBlob(blob, blob.desc, verdict === 'right' ? 'present' : 'failed')
  return true
}

function errorOf(verdict: BadContentState, { size }: Descriptor): DistError {
  if (verdict.state === 'missing') return new DistError('NOT_FOUND', 'is missing from the store')
  if (verdict.state === 'unreadable')
    return new DistError(verdict.code, verdict.message, { retryable: verdict.retryable })
  const sizes = verdict.size === size ? '' : `${verdict.size} bytes in place of ${size}, `
  const message = `is damaged: the store has ${sizes}digest ${verdict.digest}`
  return new DistError('FAILED_PRECONDITION', message)
}
