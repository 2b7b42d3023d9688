import { join } from 'node:path'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { bucketOfGateway, type Registry, type RegistryBucket, startRegistry } from '@dist/testkit/servers'
import type { BenchOptions, BenchReport } from '../bench.js'
import { startBucket } from '../distributed/bucket.js'
import { peakOf } from '../distributed/process.js'
import { measure, medianOf } from '../measure.js'
import { program } from '../tools.js'
import { pushWorkload, repository } from '../workloads.js'
import { type Served, servedImages, servedPaths } from './content.js'
import { type Load, runLoad } from './load.js'
import { serveReport } from './report.js'
import { dockerRegistry, type Server, startDist } from './servers.js'

/** One kind of request, asked of both servers. */
export interface Compared {
  readonly title: string
  readonly unit: 'requests/s' | 'MB/s'
  /** The least ratio to docker-registry that we accept. */
  readonly goal: number
  /** Medians. */
  readonly dist: number
  readonly dockerRegistry: number
}

export interface ServeResult {
  readonly compared: readonly Compared[]
  /** Seconds for one large blob: when this process first serves it, and after that. */
  readonly first: { readonly cold: number; readonly warm: number }
  /** The peak of the resident set in bytes with 500 clients. */
  readonly peak: number
}

interface Question extends Omit<Load, 'url' | 'seconds'>, Pick<Compared, 'title' | 'unit' | 'goal'> {}

const clients = 64

/** `dist serve` beside docker-registry, with the same images and the same client. */
export async function benchServe(options: BenchOptions): Promise<BenchReport> {
  const images = servedImages(options.quick)
  const paths = servedPaths(images)
  await using source = await filledRegistry(images)
  const { compared, first, peak } = await serveFolder(source, paths, options)
  const redirected = await serveBucket(source, images, paths, options)
  return serveReport({ compared: [...compared, redirected], first, peak }, options)
}

async function serveFolder(
  source: FilledRegistry,
  paths: Served,
  options: BenchOptions,
): Promise<ServeResult> {
  const store = join(options.scratch, 'serve')
  await pullAll(source, store, options)
  const first = await firstServing(store, source, paths, options)
  await using dist = await startDist(store, source)
  const servers = [dist, dockerRegistry(source.registry)] as const
  const many = { unit: 'requests/s', connections: clients, goal: 2 } as const
  const compared = [
    await compare({ title: 'manifests by tag', paths: paths.byTag, ...many }, servers, options),
    await compare({ title: 'manifests by digest', paths: paths.byDigest, ...many }, servers, options),
    await compare({ title: 'blobs of 10 KiB', paths: paths.tinyBlobs, ...many }, servers, options),
    await compare(
      { title: 'blobs of 64 MiB', paths: paths.largeBlobs, unit: 'MB/s', connections: 4, goal: 0.7 },
      servers,
      options,
    ),
  ]
  return { compared, first, peak: await peakOfMany(store, source, paths, options) }
}

async function serveBucket(
  source: FilledRegistry,
  images: readonly FixtureImage[],
  paths: Served,
  options: BenchOptions,
): Promise<Compared> {
  await using bucket = await startBucket()
  const store = bucket.gateway.url('serve')
  await pullAll(source, store, options, bucket.env)
  await bucketOfGateway(bucket.gateway.endpoint, 'docker')
  await using registry = await filledRegistry(images, { ...bucket.gateway, bucket: 'docker' })
  await using dist = await startDist(store, source, bucket.env)
  const question: Question = {
    title: 'redirects to a bucket',
    unit: 'requests/s',
    paths: paths.blobs,
    connections: clients,
    goal: 3,
  }
  return await compare(question, [dist, dockerRegistry(registry.registry)], options)
}

/** Both servers in turn, after each has answered for a second. */
async function compare(
  { title, unit, goal, ...load }: Question,
  servers: readonly [Server, Server],
  { quick, runs = quick ? 1 : 3, scratch, progress }: BenchOptions,
): Promise<Compared> {
  const figures: [number[], number[]] = [[], []]
  for (let run = 0; run <= runs; run++) {
    for (const [i, { url, prefix }] of servers.entries()) {
      const paths = load.paths.map((path) => `${prefix}${path}`)
      const answered = await runLoad({ ...load, url, paths, seconds: run === 0 || quick ? 1 : 5 }, scratch)
      if (run > 0) figures[i]?.push(unit === 'MB/s' ? answered.throughput / 1e6 : answered.rate)
    }
  }
  const [dist, dockerRegistry] = [medianOf(figures[0]), medianOf(figures[1])]
  progress(`  ${title}: ${dist.toFixed(0)} ${unit}, docker-registry ${dockerRegistry.toFixed(0)}`)
  return { title, unit, goal, dist, dockerRegistry }
}

/** A server that has just started hashes a blob when it serves it. */
async function firstServing(
  store: string,
  source: FilledRegistry,
  { largeBlobs }: Served,
  options: BenchOptions,
) {
  await using dist = await startDist(store, source)
  const [path = ''] = largeBlobs
  const curl = ['curl', '--silent', '--show-error', '--fail', '--output', '/dev/null']
  const get = async () => (await measure([...curl, `${dist.url}${dist.prefix}${path}`], options.scratch)).wall
  return { cold: await get(), warm: medianOf([await get(), await get(), await get()]) }
}

/** The peak of a server that 500 clients ask for blobs of 4 MiB. */
async function peakOfMany(
  store: string,
  source: FilledRegistry,
  { blobs }: Served,
  { quick, scratch }: BenchOptions,
) {
  await using dist = await startDist(store, source)
  const paths = blobs.map((path) => `${dist.prefix}${path}`)
  await runLoad({ url: dist.url, paths, connections: 500, seconds: quick ? 2 : 15 }, scratch)
  return peakOf(dist.pid)
}

interface FilledRegistry extends AsyncDisposable {
  readonly registry: Registry
  readonly host: string
  readonly references: readonly string[]
}

async function filledRegistry(images: readonly FixtureImage[], s3?: RegistryBucket): Promise<FilledRegistry> {
  const registry = await startRegistry({ s3 })
  const { tags } = await pushWorkload(registry.url, { images: () => images })
  const references = tags.map((tag) => `${registry.host}/${repository}:${tag}`)
  return { registry, host: registry.host, references, [Symbol.asyncDispose]: () => registry.stop() }
}

async function pullAll(
  { references }: FilledRegistry,
  store: string,
  { scratch }: BenchOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await measure([process.execPath, program, 'pull', '--store', store, ...references], scratch, { env })
}
