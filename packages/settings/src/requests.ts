import { type Environment, nonEmpty } from './environment.js'
import { defaultRequestsPerHost, defaultS3Requests } from './request-defaults.js'
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
  return (await readGiven('requestsPerHost', env, flags)) ?? defaultRequestsPerHost
}

/**
 * The size in bytes from which bodies count as large, for a command: `Infinity` with `DIST_LARGE_BLOBS=undici`, else
 * undefined for the default. Throws as `readSettings`.
 */
export async function readLargeBody(env: Environment): Promise<number | undefined> {
  return largeBodyOf(await readGiven('largeBlobs', env))
}

/** The same for the setting of a service. */
export function largeBodyOf(largeBlobs: Settings<'worker'>['largeBlobs'] | undefined): number | undefined {
  return largeBlobs === 'undici' ? Number.POSITIVE_INFINITY : undefined
}

/** How small requests to a bucket are sent. */
export type S3Requests = Settings<'worker'>['s3Requests']

/**
 * How a command sends small requests to a bucket: `DIST_S3_REQUESTS`, else the default of the services. Throws as
 * `readSettings`.
 */
export async function readS3Requests(env: Environment): Promise<S3Requests> {
  return (await readGiven('s3Requests', env)) ?? defaultS3Requests
}

const variables = {
  requestsPerHost: 'DIST_REQUESTS_PER_HOST',
  largeBlobs: 'DIST_LARGE_BLOBS',
  s3Requests: 'DIST_S3_REQUESTS',
} as const

/** A setting that a flag or a variable gives; undefined without one, and then the schema is not loaded. */
async function readGiven<Key extends keyof typeof variables>(
  key: Key,
  env: Environment,
  flags: Partial<Record<Key, string | undefined>> = {},
): Promise<Settings<'worker'>[Key] | undefined> {
  if (flags[key] === undefined && nonEmpty(env[variables[key]]) === undefined) return undefined
  const { readKeys } = await import('./read.js')
  return (await readKeys('worker', [key], { flags, env }))[key]
}
