import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchOptions } from '../bench.js'
import { CatalogueRegistry } from '../catalogue/start.js'
import { Cluster } from '../distributed/cluster.js'
import { KiB } from '../workloads.js'
import { checkFolder, range } from './check.js'
import { mirror } from './command.js'
import type { Figures, LineId } from './goals.js'
import { mirrorQueued } from './queued.js'

interface Sizes {
  readonly first: readonly [LineId, number][]
  /** Images that are added to the names of the largest first run. */
  readonly more: number
  /** References of the run that has nothing to do; half of them are names of one image. */
  readonly references: number
}

const full: Sizes = {
  first: [
    ['first1', 1_000],
    ['first10', 10_000],
    ['first50', 50_000],
  ],
  more: 500,
  references: 100_000,
}
const quickly: Sizes = {
  first: [
    ['first1', 50],
    ['first10', 100],
    ['first50', 200],
  ],
  more: 20,
  references: 400,
}

/** Images of one layer of 1 KiB into a folder: first runs, a few onto many names, and many names without change. */
export async function folderFigures(options: BenchOptions): Promise<Figures> {
  const { runs = 3, quick, scratch } = options
  const sizes = quick ? quickly : full
  await using registry = await CatalogueRegistry.start({ layers: 1, layerSize: KiB })
  const first = await firstRuns(registry, sizes, options)
  const work = { registry, folder: join(scratch, 'many'), names: sizes.first.at(-1)?.[1] ?? 0, options }
  const ontoFolder: number[] = []
  const ontoQueue: number[] = []
  for (let i = 0; i < runs; i++) {
    ontoFolder.push(await addEmbedded(work, sizes.more))
    ontoQueue.push(await addQueued(work, sizes.more))
  }
  const references = [await unchanged(work, sizes.references)]
  rmSync(work.folder, { recursive: true })
  return { ...first, ontoFolder, ontoQueue, references }
}

/** Leaves the folder `many` with the images of the largest run. */
async function firstRuns(
  registry: CatalogueRegistry,
  { first }: Sizes,
  { runs = 3, scratch, progress }: BenchOptions,
): Promise<Figures> {
  const folder = join(scratch, 'many')
  const figures: Partial<Record<LineId, number[]>> = {}
  const smallest = first[0]?.[1] ?? 0
  for (const [id, images] of first) {
    const costs: number[] = []
    // The larger ones tell by one run.
    for (let i = 0; i < (images === smallest ? runs : 1); i++) {
      rmSync(folder, { recursive: true, force: true })
      const expected = range(registry, 0, images)
      const { cpu } = await mirror(expected.references, ['--store', folder], scratch)
      await checkFolder(folder, expected, images)
      costs.push((cpu / images) * 1000)
      progress(`  first run of ${images}: ${costs.at(-1)?.toFixed(2)} ms of processor an image`)
    }
    figures[id] = costs
  }
  return figures
}

interface Work {
  readonly registry: CatalogueRegistry
  readonly folder: string
  /** Names that the folder has. */
  names: number
  readonly options: BenchOptions
}

async function addEmbedded(work: Work, more: number): Promise<number> {
  const { registry, folder, names, options } = work
  const expected = range(registry, names, names + more)
  const { cpu } = await mirror(expected.references, ['--store', folder], options.scratch)
  work.names += more
  await checkFolder(folder, expected, work.names)
  options.progress(`  ${more} onto ${names} names: ${cpu.toFixed(2)} s of processor`)
  return cpu
}

async function addQueued(work: Work, more: number): Promise<number> {
  const { registry, folder, names, options } = work
  const expected = range(registry, names, names + more)
  await using cluster = await Cluster.start({ store: folder, workers: 1 })
  const { whole } = await mirrorQueued(cluster, expected.references, options.scratch)
  work.names += more
  await checkFolder(folder, expected, work.names)
  options.progress(`  ${more} onto ${names} names, coordinator: ${whole.coordinator.toFixed(2)} s`)
  return whole.coordinator
}

/** The peak memory, in MB, of a run of which every reference is in the store. */
async function unchanged(work: Work, count: number): Promise<number> {
  const { registry, folder, names, options } = work
  const half = count / 2
  const same = registry.references(0, half, 'same')
  await mirror(same, ['--store', folder], options.scratch)
  const expected = { registry, references: same, imageOf: () => 0 }
  await checkFolder(folder, expected, names + half)
  const all = [...registry.references(0, half), ...same]
  const requests = await registry.requests()
  const { peak, wall } = await mirror(all, ['--store', folder], options.scratch)
  const asked = (await registry.requests()) - requests
  if (asked > count * 1.01) throw new Error(`${asked} requests for ${count} references that have not changed`)
  options.progress(`  ${count} references: ${(peak / 1e6).toFixed(0)} MB, ${wall.toFixed(1)} s`)
  return peak / 1e6
}
