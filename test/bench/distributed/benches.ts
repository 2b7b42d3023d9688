import type { Bench } from './bench.js'
import { benchS3 } from './s3.js'

export const benches: readonly Bench[] = [
  {
    name: 's3',
    title: 'into an S3 gateway, beside curl and beside the pipeline without a queue',
    run: benchS3,
  },
]
