import type { BenchOptions } from '../bench.js'
import { CatalogueRegistry } from '../catalogue/start.js'
import type { Bucket } from '../distributed/bucket.js'
import { Cluster, type OfServices } from '../distributed/cluster.js'
import { KiB } from '../workloads.js'
import { checkBucket, range } from './check.js'
import { mirrorQueued } from './queued.js'

/** What a run of so many images costs. */
export interface CostPoint {
  readonly images: number
  /** Seconds until the command ends. */
  readonly wall: number
  /** Seconds of processor time of the run, without the start of the services. */
  readonly cpu: OfServices & { readonly command: number }
  /** Peaks of the resident sets in bytes. */
  readonly peak: OfServices & { readonly command: number }
  readonly redisCommands: number
}

/** Images of one layer of 10 KiB into a bucket by a coordinator and a worker, which are new for each size. */
export async function costPoints(
  bucket: Bucket,
  { quick, scratch, progress }: BenchOptions,
): Promise<CostPoint[]> {
  await using registry = await CatalogueRegistry.start({ layers: 1, layerSize: 10 * KiB })
  const points: CostPoint[] = []
  for (const images of quick ? [10, 20] : [500, 5_000, 50_000]) {
    const prefix = `cost-${images}`
    const expected = range(registry, 0, images)
    await using cluster = await Cluster.start({
      store: bucket.gateway.url(prefix),
      workers: 1,
      env: bucket.env,
    })
    const { command, cpu, peak, commands } = await mirrorQueued(cluster, expected.references, scratch)
    await checkBucket(bucket, prefix, expected)
    await bucket.empty(prefix)
    points.push({
      images,
      wall: command.wall,
      cpu: { ...cpu, command: command.cpu },
      peak: { ...peak, command: command.peak },
      redisCommands: commands,
    })
    progress(`  ${images} images by a queue: ${command.wall.toFixed(1)} s`)
  }
  return points
}
