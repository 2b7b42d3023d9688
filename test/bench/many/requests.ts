import { startFaultProxy } from '@dist/testkit/servers'
import type { BenchOptions } from '../bench.js'
import { CatalogueRegistry } from '../catalogue/start.js'
import type { Bucket } from '../distributed/bucket.js'
import { Cluster } from '../distributed/cluster.js'
import { KiB } from '../workloads.js'
import { mirrorQueued } from './queued.js'

/** Requests for one image. */
export interface ImageRequests {
  readonly registry: number
  /** By method. A listing is a GET. */
  readonly bucket: Readonly<Record<string, number>>
}

export interface Requests {
  readonly fresh: ImageRequests
  readonly again: ImageRequests
}

/** What a registry and a bucket are asked for each image by a queue, counted by a proxy before the bucket. */
export async function countRequests(bucket: Bucket, { quick, scratch }: BenchOptions): Promise<Requests> {
  const images = quick ? 10 : 200
  await using registry = await CatalogueRegistry.start({ layers: 1, layerSize: 10 * KiB })
  const proxy = await startFaultProxy(bucket.gateway.endpoint)
  try {
    const store = bucket.gateway.url('counted', proxy.endpoint)
    await using cluster = await Cluster.start({ store, workers: 1, env: bucket.env })
    const once = async () => {
      const before = { registry: await registry.requests(), bucket: proxy.requests().length }
      await mirrorQueued(cluster, registry.references(0, images), scratch)
      const methods: Record<string, number> = {}
      for (const { method } of proxy.requests().slice(before.bucket))
        methods[method] = (methods[method] ?? 0) + 1 / images
      return { registry: ((await registry.requests()) - before.registry) / images, bucket: methods }
    }
    return { fresh: await once(), again: await once() }
  } finally {
    await proxy.stop()
    await bucket.empty('counted')
  }
}
