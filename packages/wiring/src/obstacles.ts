import type { ObstacleReader } from '@dist/runs'
import type { Redis } from 'ioredis'

/** Reads what stands in the way of the runs of a queue. */
export async function openObstacles(redis: Redis): Promise<ObstacleReader> {
  const [{ createRedisHostLimiter, serviceLister }, { obstacleReader }] = await Promise.all([
    import('@dist/redis'),
    import('@dist/queue'),
  ])
  const limiter = createRedisHostLimiter(redis)
  return obstacleReader(redis, { services: serviceLister(redis), hosts: () => limiter.states() })
}
