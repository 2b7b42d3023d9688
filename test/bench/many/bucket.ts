import type { BenchOptions } from '../bench.js'
import { CatalogueRegistry } from '../catalogue/start.js'
import type { Bucket } from '../distributed/bucket.js'
import { Cluster } from '../distributed/cluster.js'
import { queuedMemory } from '../distributed/queued.js'
import { medianOf } from '../measure.js'
import { KiB } from '../workloads.js'
import { checkBucket, range } from './check.js'
import { mirror } from './command.js'
import type { Figures, LineId } from './goals.js'
import { mirrorQueued } from './queued.js'

/** How often one unchanged image is mirrored: a short run needs more to tell. */
const singles = 5

/** Images of one layer of 10 KiB into a bucket, embedded and by a queue, and the same again. */
export async function bucketFigures(bucket: Bucket, options: BenchOptions): Promise<Figures> {
  const { runs = 3, quick } = options
  const images = quick ? 20 : 500
  await using registry = await CatalogueRegistry.start({ layers: 1, layerSize: 10 * KiB })
  const rounds: Partial<Record<LineId, number>>[] = []
  for (let i = 0; i < runs; i++) {
    rounds.push(await embedded(bucket, registry, images, options))
    rounds.push(await queued(bucket, registry, images, options))
  }
  const { bytes, blobs } = await queuedMemory(bucket, quick ? 10 : 1_000, options)
  return gathered([...rounds, { waiting: bytes / blobs }])
}

async function embedded(bucket: Bucket, registry: CatalogueRegistry, images: number, options: BenchOptions) {
  const expected = range(registry, 0, images)
  const into = () =>
    mirror(expected.references, ['--store', bucket.gateway.url('many')], options.scratch, bucket.env)
  const fresh = await into()
  await checkBucket(bucket, 'many', expected)
  const again = await into()
  await bucket.empty('many')
  options.progress(`  ${images} embedded: ${fresh.wall.toFixed(2)} s, again ${again.wall.toFixed(2)} s`)
  return { fresh: fresh.wall, freshCpu: fresh.cpu, again: again.wall, againCpu: again.cpu }
}

/** Services of their own for each round: what their start costs is part of their processor time. */
async function queued(bucket: Bucket, registry: CatalogueRegistry, images: number, options: BenchOptions) {
  const { scratch, progress } = options
  const expected = range(registry, 0, images)
  const store = bucket.gateway.url('many')
  await using cluster = await Cluster.start({ store, workers: 1, env: bucket.env })
  const { command, whole, commands } = await mirrorQueued(cluster, expected.references, scratch)
  await checkBucket(bucket, 'many', expected)
  const again = await mirrorQueued(cluster, expected.references, scratch)
  const one: number[] = []
  for (let i = 0; i < singles; i++)
    one.push((await mirrorQueued(cluster, expected.references.slice(0, 1), scratch)).command.wall)
  await bucket.empty('many')
  progress(`  ${images} queued: ${command.wall.toFixed(2)} s, again ${again.command.wall.toFixed(2)} s`)
  return {
    coordinator: whole.coordinator,
    worker: whole.workers,
    redis: whole.redis,
    queued: command.wall,
    queuedAgain: again.command.wall,
    one: medianOf(one),
    commands: commands / images,
  }
}

function gathered(rounds: readonly Partial<Record<LineId, number>>[]): Figures {
  const figures: Partial<Record<LineId, number[]>> = {}
  for (const round of rounds)
    for (const [id, figure] of Object.entries(round) as [LineId, number][])
      figures[id] = [...(figures[id] ?? []), figure]
  return figures
}
