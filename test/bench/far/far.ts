import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchOptions, BenchReport } from '../bench.js'
import type { Distance } from '../catalogue/send.js'
import { CatalogueRegistry } from '../catalogue/start.js'
import { Cluster } from '../distributed/cluster.js'
import { checkFolder, range } from '../many/check.js'
import { mirror } from '../many/command.js'
import { medianOf } from '../measure.js'
import { MiB } from '../workloads.js'
import { busySince } from './busy.js'
import { idealEmbedded, idealOf, idealQueued } from './ideal.js'
import { farReport } from './report.js'

/** One run. */
export interface FarRun {
  /** Seconds of the whole command. */
  readonly wall: number
  /** Seconds of processor time of the command and of the services. */
  readonly cpu: number
  readonly registryCpu: number
  /** The share of the machine's processors that was in use by whatever program. */
  readonly busy: number
}

/** One way to mirror, with so many transfers at a time. */
export interface FarWay {
  /** None: embedded. */
  readonly workers: number
  readonly transfers: number
  readonly bytes: number
  /** Seconds that latency and bandwidth allow. */
  readonly ideal: number
  readonly runs: readonly FarRun[]
  readonly wall: number
}

const distance: Distance = { latency: 50, bandwidth: 20e6 }
/** Transfers of one worker. */
const ofWorker = 8
/** The coordinator's requests are beside those of the workers. */
const ofCoordinator = 16

/** Images of two layers of 1 MiB from a registry that is far, into a folder. */
export async function benchFar(options: BenchOptions): Promise<BenchReport> {
  const images = options.quick ? 24 : 300
  await using registry = await CatalogueRegistry.start({ layers: 2, layerSize: MiB }, distance)
  const ideal = idealOf(registry.catalogue, images, distance)
  const bytes = images * 2 * MiB
  const ways: FarWay[] = []
  for (const transfers of [8, 32]) {
    const runs = await repeated(registry, images, options, (folder) => embedded(folder, transfers))
    ways.push(wayOf({ workers: 0, transfers, bytes, ideal: idealEmbedded(ideal, transfers) }, runs, options))
  }
  for (const workers of [1, 2, 4]) {
    const transfers = workers * ofWorker
    const runs = await repeated(registry, images, options, (folder) => queued(folder, workers))
    ways.push(
      wayOf({ workers, transfers, bytes, ideal: idealQueued(ideal, transfers, images) }, runs, options),
    )
  }
  return farReport(ways, images)
}

/** What mirrors into a folder, started and ready. */
interface Way extends AsyncDisposable {
  readonly args: readonly string[]
  /** Seconds of processor time of the services so far. */
  cpu(): number
}

async function embedded(folder: string, transfers: number): Promise<Way> {
  const limit = String(transfers)
  const args = ['--store', folder, '--concurrency', limit, '--requests-per-host', limit]
  return { args, cpu: () => 0, [Symbol.asyncDispose]: async () => {} }
}

async function queued(folder: string, workers: number): Promise<Way> {
  const cluster = await Cluster.start({
    store: folder,
    workers,
    workerArgs: ['--concurrency', String(ofWorker)],
    args: ['--requests-per-host', String(workers * ofWorker + ofCoordinator)],
  })
  return {
    args: ['--queue', cluster.server.url],
    cpu: () => Object.values(cluster.cpu()).reduce((sum: number, seconds: number) => sum + seconds, 0),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

/** Runs into an empty folder, each with services of its own. */
async function repeated(
  registry: CatalogueRegistry,
  images: number,
  { runs = 3, scratch }: BenchOptions,
  start: (folder: string) => Promise<Way>,
): Promise<FarRun[]> {
  const folder = join(scratch, 'far')
  const expected = range(registry, 0, images)
  const done: FarRun[] = []
  for (let i = 0; i < runs; i++) {
    await using way = await start(folder)
    const [services, source, busy] = [way.cpu(), registry.cpu(), busySince()]
    const { wall, cpu } = await mirror(expected.references, way.args, scratch)
    const run = { wall, cpu: cpu + way.cpu() - services, registryCpu: registry.cpu() - source, busy: busy() }
    await checkFolder(folder, expected, images)
    done.push(run)
    rmSync(folder, { recursive: true })
  }
  return done
}

function wayOf(
  way: Omit<FarWay, 'runs' | 'wall'>,
  runs: readonly FarRun[],
  { progress }: BenchOptions,
): FarWay {
  const wall = medianOf(runs.map((run) => run.wall))
  const name = way.workers === 0 ? 'embedded' : `${way.workers} workers`
  progress(`  ${name}, ${way.transfers} transfers: ${wall.toFixed(2)} s of ${way.ideal.toFixed(2)} s`)
  return { ...way, runs, wall }
}
