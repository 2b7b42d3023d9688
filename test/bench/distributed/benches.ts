import type { Bench } from './bench.js'
import { benchQueue } from './queue.js'
import { benchS3 } from './s3.js'
import { benchScale } from './scale.js'

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
  { name: 'scale', title: 'how the time grows with images and with workers', run: benchScale },
]
