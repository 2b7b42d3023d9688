import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { clusterAdvice } from '../errors.js'

/**
 * Throws `NOT_IMPLEMENTED` where a Redis is a node of a cluster. One that has all slots at the moment too: it would serve
 * until its slots move.
 */
export async function refuseCluster(redis: Redis): Promise<void> {
  if (!/^cluster_enabled:1\r?$/m.test(await clusterInfo(redis))) return
  const { host, port } = redis.options
  throw new DistError(
    'NOT_IMPLEMENTED',
    `redis at ${host}:${port}: it is a node of a cluster: ${clusterAdvice}`,
  )
}

/** Empty for a user who may not ask: that is another error, for those who need more than to connect. */
async function clusterInfo(redis: Redis): Promise<string> {
  try {
    return await redis.info('cluster')
  } catch (error) {
    if (error instanceof Error && /NOPERM|no permission/i.test(error.message)) return ''
    throw error
  }
}
