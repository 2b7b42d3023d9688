import type { BenchOptions } from '../bench.js'
import { MiB, single } from '../workloads.js'
import type { Bucket } from './bucket.js'
import { Cluster } from './cluster.js'
import { peakOf } from './process.js'
import { startSource } from './source.js'

/** What services need at most, in bytes of their resident set. */
export interface PeakMemory {
  /** The worker's --memory. */
  readonly memory: number
  readonly title: string
  readonly coordinator: number
  readonly worker: number
}

const memory = 256

/** The peaks of a coordinator and of a worker that moves as many large blobs at a time as it may. */
export async function peakMemory(bucket: Bucket, { quick, progress }: BenchOptions): Promise<PeakMemory> {
  const [count, size] = quick ? [2, 32] : [16, 96]
  const title = `${count} x ${size} MiB`
  await using source = await startSource({ images: () => single('peak', count, size * MiB) })
  await using cluster = await Cluster.start({
    store: bucket.gateway.url('peak'),
    workers: 1,
    env: bucket.env,
    workerArgs: ['--memory', `${memory}MiB`],
  })
  await cluster.mirror(source.references)
  await bucket.empty('peak')
  const coordinator = peakOf(cluster.coordinator.pid)
  const worker = Math.max(...cluster.workers.map(({ pid }) => peakOf(pid)))
  progress(`  ${title}: worker ${(worker / 1e6).toFixed(0)} MB`)
  return { memory: memory * MiB, title, coordinator, worker }
}
