import type { Environment } from './environment.js'
import { readKeys } from './read.js'
import type { Settings } from './schema.js'

export interface RequestFlags {
  /** As a user writes it. */
  requestsPerHost?: string | undefined
}

/**
 * The number of concurrent requests to one host, for a command: the flag, else `DIST_REQUESTS_PER_HOST`, else the default of
 * the services. Throws as `readSettings`.
 */
export async function readRequestsPerHost(flags: RequestFlags, env: Environment): Promise<number> {
  const { requestsPerHost } = await readKeys('worker', ['requestsPerHost'], { flags, env })
  return requestsPerHost
}

/** How small requests to a bucket are sent. */
export type S3Requests = Settings<'worker'>['s3Requests']

/**
 * How a command sends small requests to a bucket: `DIST_S3_REQUESTS`, else the default of the services. Throws as
 * `readSettings`.
 */
export async function readS3Requests(env: Environment): Promise<S3Requests> {
  const { s3Requests } = await readKeys('worker', ['s3Requests'], { env })
  return s3Requests
}
