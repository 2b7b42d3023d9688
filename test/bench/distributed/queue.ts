import type { BenchOptions, BenchReport } from '../bench.js'
import { startBucket } from './bucket.js'
import { type PeakMemory, peakMemory } from './peaks.js'
import { queueReport } from './queue-report.js'
import { type QueuedMemory, queuedMemory } from './queued.js'
import { type Rates, rates } from './rates.js'

export interface QueueResult {
  readonly rates: readonly Rates[]
  readonly queued: readonly QueuedMemory[]
  readonly peaks: PeakMemory
}

/** What the queue costs: in time for small blobs, in memory of Redis, and what its services need at most. */
export async function benchQueue(options: BenchOptions): Promise<BenchReport> {
  await using bucket = await startBucket()
  const timed = await rates(bucket, options)
  const queued: QueuedMemory[] = []
  for (const images of options.quick ? [10] : [100, 1_000])
    queued.push(await queuedMemory(bucket, images, options))
  return queueReport({ rates: timed, queued, peaks: await peakMemory(bucket, options) })
}
