import { setTimeout as delay } from 'node:timers/promises'
import type { FixtureImage } from '@dist/testkit/fixtures'
import type { BenchOptions, BenchReport } from '../bench.js'
import { medianOf } from '../measure.js'
import { KiB, MiB, single, tiny } from '../workloads.js'
import { type Bucket, startBucket } from './bucket.js'
import { Cluster, type Timed } from './cluster.js'
import { Curl } from './curl.js'
import { Embedded } from './embedded.js'
import { s3Report } from './s3-report.js'
import { type Source, startSource } from './source.js'

export interface S3Workload {
  readonly title: string
  /** Bytes of a blob. */
  readonly blob: number
  readonly runs: number
  /** Whether curl puts as much: only of large blobs it does the same work. */
  readonly curl?: boolean | undefined
  images(): Iterable<FixtureImage>
}

/** One way of getting a workload into the bucket. */
export interface Way {
  readonly name: string
  readonly runs: readonly Timed[]
  readonly wall: number
  readonly cpu: number
}

export interface S3Result {
  readonly title: string
  readonly blob: number
  readonly blobs: number
  readonly bytes: number
  readonly ways: readonly Way[]
}

const workloads: readonly S3Workload[] = [
  { title: '8 x 64 MiB', blob: 64 * MiB, runs: 5, curl: true, images: () => single('s3/64', 8, 64 * MiB) },
  { title: '60 x 4 MiB', blob: 4 * MiB, runs: 5, images: () => single('s3/4', 60, 4 * MiB) },
  { title: '60 x 1 MiB', blob: MiB, runs: 5, images: () => single('s3/1', 60, MiB) },
  { title: '500 images of one 10 KiB layer', blob: 10 * KiB, runs: 3, images: () => tiny(500) },
]

const quick: readonly S3Workload[] = [
  { title: '2 x 32 MiB', blob: 32 * MiB, runs: 1, curl: true, images: () => single('s3/32', 2, 32 * MiB) },
  { title: '20 images of one 10 KiB layer', blob: 10 * KiB, runs: 1, images: () => tiny(20) },
]

/** Into a bucket: curl alone, the pipeline without a queue, and the queue with one and with two workers. */
export async function benchS3(options: BenchOptions): Promise<BenchReport> {
  await using bucket = await startBucket()
  const store = (prefix: string) => bucket.gateway.url(prefix)
  const { env } = bucket
  await using embedded = await Embedded.start(store('embedded'), env)
  await using one = await Cluster.start({ store: store('one'), workers: 1, env })
  await using two = await Cluster.start({ store: store('two'), workers: 2, env })
  const curl = new Curl(bucket, options.scratch)
  const results: S3Result[] = []
  for (const workload of options.quick ? quick : workloads) {
    await using source = await startSource(workload)
    const into = (prefix: string, through: Embedded | Cluster) => () =>
      mirrored(bucket, prefix, through, source)
    const ways = {
      ...(workload.curl ? { curl: () => put(bucket, curl, source.bytes) } : {}),
      'no queue': into('embedded', embedded),
      '1 worker': into('one', one),
      '2 workers': into('two', two),
    }
    results.push(await compare(workload, source, ways, options))
  }
  return s3Report(results)
}

async function mirrored(bucket: Bucket, prefix: string, through: Embedded | Cluster, source: Source) {
  const timed = await through.mirror(source.references)
  await bucket.checkComplete(prefix, source.contents)
  await bucket.empty(prefix)
  return timed
}

async function put(bucket: Bucket, curl: Curl, bytes: number): Promise<Timed> {
  const timed = await curl.put(bytes, 'curl')
  await bucket.empty('curl')
  return timed
}

/** Milliseconds for which a process believes that the bucket has what it had, and what is deleted between rounds. */
const remembered = 10_000

/** All ways in turn, round by round; the first round is to warm up and does not count. */
async function compare(
  workload: S3Workload,
  source: Source,
  ways: Readonly<Record<string, () => Promise<Timed>>>,
  { runs = workload.runs, progress }: BenchOptions,
): Promise<S3Result> {
  progress(workload.title)
  const timed = new Map(Object.keys(ways).map((name) => [name, [] as Timed[]]))
  for (let round = 0; round <= runs; round++) {
    if (round > 0) await delay(remembered)
    for (const [name, run] of Object.entries(ways)) {
      const result = await run()
      if (round > 0) timed.get(name)?.push(result)
      progress(`  ${round}/${runs}  ${name.padEnd(9)} ${result.wall.toFixed(2)} s`)
    }
  }
  const { title, blob } = workload
  return { title, blob, blobs: source.contents.size, bytes: source.bytes, ways: [...timed].map(wayOf) }
}

function wayOf([name, runs]: readonly [string, readonly Timed[]]): Way {
  return {
    name,
    runs,
    wall: medianOf(runs.map(({ wall }) => wall)),
    cpu: medianOf(runs.map(({ cpu }) => cpu)),
  }
}
