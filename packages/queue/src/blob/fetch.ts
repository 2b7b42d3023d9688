import { ingestBlob } from '@dist/mirror'
import type { Job } from 'bullmq'
import type { Engine } from '../engine/engine.js'
import type { BlobJob, FetchJob } from '../jobs/payload.js'
import type { WorkerParts } from '../service.js'
import { asking } from './held.js'
import { Progress } from './progress.js'

/** Brings a blob in; resolves to how it got there. Throws `HeldElsewhere` while somebody else fetches it. */
export async function fetchBlob(
  job: Job<BlobJob>,
  blob: FetchJob,
  engine: Engine,
  parts: WorkerParts,
  signal: AbortSignal,
): Promise<'done' | 'present'> {
  const { run, desc, source, to } = blob
  const task = { desc, source, ...(to === undefined ? {} : { to }) }
  await using progress = new Progress(job, blob, engine, (offset, ended) =>
    parts.onTransfer?.({ task, run, offset, ended }),
  )
  const dependencies = { ...parts, locker: asking(parts.locker) }
  const onProgress = (offset: number) => progress.reached(offset)
  const outcome = await ingestBlob(task, dependencies, { signal, onProgress })
  await engine.states.settleBlob(blob, desc, outcome, outcome === 'fetched' ? desc.size : 0)
  return outcome === 'fetched' ? 'done' : 'present'
}
