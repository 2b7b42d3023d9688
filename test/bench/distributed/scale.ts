import type { BenchOptions, BenchReport } from '../bench.js'
import { medianOf } from '../measure.js'
import { table } from '../table.js'
import { tiny } from '../workloads.js'
import { type Bucket, startBucket } from './bucket.js'
import { Cluster } from './cluster.js'
import { type Source, startSource } from './source.js'

/** So many images through so many workers. */
export interface ScalePoint {
  readonly workers: number
  readonly images: number
  /** Seconds, of each run. */
  readonly runs: readonly number[]
  /** Their median. */
  readonly wall: number
}

/** How often each number of images is mirrored: the many take long enough to tell by themselves. */
const runsOf: Readonly<Record<number, number>> = { 50: 5, 500: 3, 2000: 1 }

/** How the time grows with images and with workers. */
export async function benchScale({ runs, quick, progress }: BenchOptions): Promise<BenchReport> {
  const counts = quick ? [10, 20] : [50, 500, 2_000]
  await using bucket = await startBucket()
  await using source = await startSource({ images: () => tiny(Math.max(...counts)) })
  const points: ScalePoint[] = []
  for (const workers of [1, 2, 4]) {
    await using cluster = await Cluster.start({
      store: bucket.gateway.url('scale'),
      workers,
      env: bucket.env,
    })
    // To warm up.
    await once(cluster, bucket, source, counts[0] ?? 0)
    for (const images of counts) {
      const times: number[] = []
      for (let i = 0; i < (runs ?? runsOf[images] ?? 1); i++)
        times.push(await once(cluster, bucket, source, images))
      points.push({ workers, images, runs: times, wall: medianOf(times) })
      progress(`  ${workers} workers, ${images} images  ${medianOf(times).toFixed(2)} s`)
    }
  }
  return { markdown: markdown(points), json: points }
}

async function once(cluster: Cluster, bucket: Bucket, source: Source, images: number): Promise<number> {
  const { wall } = await cluster.mirror(source.references.slice(0, images))
  await bucket.empty('scale')
  return wall
}

function markdown(points: readonly ScalePoint[]): string[] {
  const row = ({ workers, images, wall }: ScalePoint) => {
    return [images, workers, wall.toFixed(2), (images / wall).toFixed(0), ((wall / images) * 1000).toFixed(1)]
  }
  const sorted = points.toSorted((a, b) => a.images - b.images || a.workers - b.workers)
  const rows = [['images', 'workers', 's', 'images/s', 'ms per image'], ...sorted.map(row)]
  return [
    '## Scale',
    '',
    'Images of one 10 KiB layer into S3, from submitting until the last one is published; medians.',
    '',
    ...table(
      rows.map((cells) => cells.map(String)),
      0,
    ),
  ]
}
