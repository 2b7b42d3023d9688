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

/**
 * The size in bytes from which bodies count as large, for a command: `Infinity` with `DIST_LARGE_BLOBS=undici`, else
 * undefined for the default. Throws as `readSettings`.
 */
export async function readLargeBody(env: Environment): Promise<number | undefined> {
  return largeBodyOf(await readKeys('worker', ['largeBlobs'], { env }))
}

/** The same for a service. */
export function largeBodyOf({ largeBlobs }: Pick<Settings<'worker'>, 'largeBlobs'>): number | undefined {
  return largeBlobs === 'undici' ? Number.POSITIVE_INFINITY : undefined
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
