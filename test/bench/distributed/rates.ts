import type { BenchOptions } from '../bench.js'
import { medianOf } from '../measure.js'
import { tiny } from '../workloads.js'
import type { Bucket } from './bucket.js'
import { Cluster, type Timed } from './cluster.js'
import { Embedded } from './embedded.js'
import { type Source, startSource } from './source.js'
import { waits } from './waits.js'

/** How fast small blobs get through. */
export interface Rates {
  /** None: the same pipeline without a queue. */
  readonly workers: number
  readonly blobs: number
  /** Seconds, of each run and their median. */
  readonly runs: readonly number[]
  readonly wall: number
  /** Seconds of CPU in all processes but registry and gateway. */
  readonly cpu: number
  /** Milliseconds from the adding of a blob's job to its start, with nothing else to do: median, and 99 of 100. */
  readonly wait?: { readonly median: number; readonly p99: number } | undefined
  /** Seconds until one image is published with nothing else to do, median. */
  readonly single: number
}

/** A layer and a config. */
const blobsOfImage = 2
const singles = 20

/** 500 images of one 10 KiB layer, without a queue and with 1, 2 and 4 workers. */
export async function rates(bucket: Bucket, { runs = 3, quick, progress }: BenchOptions): Promise<Rates[]> {
  const images = quick ? 20 : 500
  await using source = await startSource({ images: () => tiny(images + singles) })
  const found: Rates[] = []
  for (const workers of [0, 1, 2, 4]) {
    const rate = await rateWith(workers, bucket, source, images, quick ? 1 : runs)
    progress(
      `  ${workers} workers  ${rate.wall.toFixed(2)} s, one image ${(rate.single * 1000).toFixed(0)} ms`,
    )
    found.push(rate)
  }
  return found
}

async function rateWith(
  workers: number,
  bucket: Bucket,
  source: Source,
  images: number,
  runs: number,
): Promise<Rates> {
  const store = bucket.gateway.url('queue')
  const { env } = bucket
  if (workers === 0) {
    await using embedded = await Embedded.start(store, env)
    return { workers, ...(await timesOf(embedded, bucket, source.references, images, runs)) }
  }
  await using cluster = await Cluster.start({ store, workers, env })
  const times = await timesOf(cluster, bucket, source.references, images, runs)
  return { workers, ...times, wait: await waits(cluster.redis, singles * blobsOfImage) }
}

/** Many images at once, then some one by one. */
async function timesOf(
  through: Cluster | Embedded,
  bucket: Bucket,
  references: readonly string[],
  images: number,
  runs: number,
): Promise<Omit<Rates, 'workers' | 'wait'>> {
  const timed: Timed[] = []
  for (let round = 0; round <= runs; round++) {
    const result = await through.mirror(references.slice(0, images))
    // The first one warms up.
    if (round > 0) timed.push(result)
    await bucket.empty('queue')
  }
  const single: number[] = []
  for (const reference of references.slice(images)) single.push((await through.mirror([reference])).wall)
  await bucket.empty('queue')
  const walls = timed.map(({ wall }) => wall)
  return {
    blobs: blobsOfImage * images,
    runs: walls,
    wall: medianOf(walls),
    cpu: medianOf(timed.map(({ cpu }) => cpu)),
    single: medianOf(single),
  }
}
