import type { BenchOptions, BenchReport } from '../bench.js'
import { startBucket } from '../distributed/bucket.js'
import { medianOf } from '../measure.js'
import { bucketFigures } from './bucket.js'
import { type CostPoint, costPoints } from './cost.js'
import { folderFigures } from './folder.js'
import type { Figures } from './goals.js'
import { manyReport } from './report.js'
import { countRequests, type Requests } from './requests.js'

export interface ManyResult {
  readonly figures: Figures
  readonly requests: Requests
  readonly cost: readonly CostPoint[]
}

/** What names, references and jobs cost where they are many and the images tiny. */
export async function benchMany(options: BenchOptions): Promise<BenchReport> {
  const folder = await folderFigures(options)
  await using bucket = await startBucket()
  const figures = { ...folder, flat: [flatness(folder)], ...(await bucketFigures(bucket, options)) }
  const requests = await countRequests(bucket, options)
  return manyReport({ figures, requests, cost: await costPoints(bucket, options) }, options)
}

function flatness({ first1 = [], first10 = [], first50 = [] }: Figures): number {
  const costs = [first1, first10, first50].map(medianOf)
  return Math.max(...costs) / Math.min(...costs)
}
