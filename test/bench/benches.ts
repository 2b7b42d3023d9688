import type { Bench } from './bench.js'
import { benchDashboard } from './dashboard/dashboard.js'
import { benchQueue } from './distributed/queue.js'
import { benchS3 } from './distributed/s3.js'
import { benchScale } from './distributed/scale.js'
import { benchFar } from './far/far.js'
import { benchGc } from './gc/gc.js'
import { benchHosts } from './hosts/bench.js'
import { benchCopy, benchPush } from './images/push.js'
import { benchUnpack } from './images/unpack.js'
import { benchLimits } from './limits/limits.js'
import { benchMany } from './many/many.js'
import { benchServe } from './serve/serve.js'
import { benchTags } from './tags/tags.js'

export const benches: readonly Bench[] = [
  {
    name: 's3',
    title: 'into an S3 gateway, beside curl and beside the pipeline without a queue',
    run: benchS3,
  },
  {
    name: 'queue',
    title: 'what the queue costs: time, memory of Redis, peak memory of the services',
    run: benchQueue,
  },
  { name: 'unpack', title: 'a root filesystem of many small files, beside umoci and tar', run: benchUnpack },
  { name: 'push', title: 'the pull workloads from a store into a registry, beside skopeo', run: benchPush },
  {
    name: 'copy',
    title: 'the pull workloads from registry to registry, beside skopeo and crane',
    run: benchCopy,
  },
  { name: 'hosts', title: 'what dead hosts cost the images of others', run: benchHosts },
  { name: 'limits', title: 'how near services come to the limit of a registry', run: benchLimits },
  { name: 'scale', title: 'how the time grows with images and with workers', run: benchScale },
  { name: 'many', title: 'what many names, references and jobs cost, against goals', run: benchMany },
  {
    name: 'tags',
    title: 'a repository of unchanged tags by a mirror file, beside skopeo sync',
    run: benchTags,
  },
  { name: 'gc', title: 'what a collection of garbage costs', run: benchGc },
  { name: 'serve', title: 'what was mirrored is served, beside docker-registry', run: benchServe },
  { name: 'dashboard', title: 'what 50 open pages cost, and when a page is painted', run: benchDashboard },
  { name: 'far', title: 'how much of a slow line 8 to 32 transfers reach', run: benchFar },
]
