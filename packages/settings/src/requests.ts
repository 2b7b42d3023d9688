import type { Environment } from './environment.js'
import { readKeys } from './read.js'

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
