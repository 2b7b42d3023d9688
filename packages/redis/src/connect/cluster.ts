import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { clusterAdvice } from '../errors.js'

/**
 * Throws `NOT_IMPLEMENTED` for a node of a cluster, also for one that has all slots: it would serve until its slots
 * move.
 */
export async function refuseCluster(redis: Redis): Promise<void> {
  if (!/^cluster_enabled:1\r?$/m.test(await clusterInfo(redis))) return
  const { host, port } = redis.options
  throw new DistError(
    'NOT_IMPLEMENTED',
    `redis at ${host}:${port}: it is a node of a cluster: ${clusterAdvice}`,
  )
}

/** Empty for a user without the right to INFO. Connecting does not need it; `checkServer` reports it. */
async function clusterInfo(redis: Redis): Promise<string> {
  try {
    return await redis.info('cluster')
  } catch (error) {
    if (error instanceof Error && /NOPERM|no permission/i.test(error.message)) return ''
    throw error
  }
}
