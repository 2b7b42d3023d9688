import { setTimeout as delay } from 'node:timers/promises'
import { type FixtureImage, ociImage } from '@dist/testkit/fixtures'
import { startStaticRegistry } from '@dist/testkit/servers'
import type { Redis } from 'ioredis'
import type { BenchOptions } from '../bench.js'
import { KiB, layers } from '../workloads.js'
import type { Bucket } from './bucket.js'
import { Cluster } from './cluster.js'

/** What Redis holds while blobs wait and no worker takes them. */
export interface QueuedMemory {
  readonly images: number
  readonly blobs: number
  /** Bytes more than before the run, its images and references included. */
  readonly bytes: number
}

/** Nine layers and a config. */
const blobsOfImage = 10

export async function queuedMemory(
  bucket: Bucket,
  images: number,
  { progress }: BenchOptions,
): Promise<QueuedMemory> {
  const named = Array.from({ length: images }, (_, i): [string, FixtureImage] => [
    `bench/image:t${i}`,
    ociImage({ layers: layers(`queued/${i}`, blobsOfImage - 1, 3 * KiB) }),
  ])
  const registry = await startStaticRegistry(new Map(named))
  try {
    await using cluster = await Cluster.start({
      store: bucket.gateway.url('queued'),
      workers: 0,
      env: bucket.env,
    })
    const before = await memoryOf(cluster.redis)
    const references = named.map(([name]) => `${registry.host}/${name}`)
    const run = await cluster.runs.submit({ references, platforms: 'all' })
    const blobs = images * blobsOfImage
    // Counted when they are planned, added right after it.
    while ((await cluster.runs.status(run)).blobs.total < blobs || (await waiting(cluster.redis)) < blobs)
      await delay(100)
    const bytes = (await memoryOf(cluster.redis)) - before
    progress(`  ${blobs} blobs queued: ${(bytes / blobs).toFixed(0)} bytes each`)
    return { images, blobs, bytes }
  } finally {
    await registry.stop()
    await bucket.empty('queued')
  }
}

/** Bytes without those of connections' buffers and of the server itself. */
async function memoryOf(redis: Redis): Promise<number> {
  const stats = (await redis.call('MEMORY', 'STATS')) as (string | number)[]
  return Number(stats[stats.indexOf('dataset.bytes') + 1])
}

async function waiting(redis: Redis): Promise<number> {
  return (await redis.llen('{dist}:blobs:wait')) + (await redis.zcard('{dist}:blobs:prioritized'))
}
