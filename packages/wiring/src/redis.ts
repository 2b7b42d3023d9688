import { readFile } from 'node:fs/promises'
import { DistError, errnoOf } from '@dist/errdefs'
import type { ConnectOptions } from '@dist/redis'
import type { ObstacleReader } from '@dist/runs'
import type { QueueAccess } from '@dist/settings'
import type { Redis } from 'ioredis'

/** Options that can be sent to another thread. */
export type RedisOptions = Pick<ConnectOptions, 'username' | 'password' | 'ca' | 'name'>

/**
 * The options of a connection to the queue, from its settings. `name` is the name in `CLIENT LIST`. Throws
 * `INVALID_ARGUMENT` when the CA file cannot be read.
 */
export async function redisOptions(access: QueueAccess, name: string): Promise<RedisOptions> {
  const { queueUsername: username, queuePassword: password, queueCaFile } = access
  return { name, username, password, ca: queueCaFile === undefined ? undefined : await readCa(queueCaFile) }
}

async function readCa(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const why = errnoOf(cause) ?? 'unknown error'
    throw new DistError('INVALID_ARGUMENT', `CA file of the queue: ${path} cannot be read (${why})`, {
      cause,
    })
  })
}

/** A reader of the obstacles of the queue's runs. */
export async function openObstacles(redis: Redis): Promise<ObstacleReader> {
  const [{ createRedisHostLimiter, serviceLister }, { obstacleReader }] = await Promise.all([
    import('@dist/redis'),
    import('@dist/queue'),
  ])
  const limiter = createRedisHostLimiter(redis)
  return obstacleReader(redis, { services: serviceLister(redis), hosts: () => limiter.states() })
}
