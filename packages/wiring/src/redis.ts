import { readFile } from 'node:fs/promises'
import { DistError, errnoOf } from '@dist/errdefs'
import type { ConnectOptions, RedisHostLimiter } from '@dist/redis'
import type { HostStates } from '@dist/remotes'
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

/** What the services of a queue share about hosts. */
export type SharedHosts = Pick<RedisHostLimiter, 'states' | 'limits' | 'quotas' | 'publishedPolicies'>

/** What the services of a queue share about hosts. */
export async function openHosts(redis: Redis): Promise<SharedHosts> {
  const { createRedisHostLimiter } = await import('@dist/redis')
  return createRedisHostLimiter(redis)
}

/** A reader of the obstacles of the queue's runs. */
export async function openObstacles(
  redis: Redis,
  hosts: Pick<HostStates, 'states'>,
): Promise<ObstacleReader> {
  const [{ serviceLister }, { obstacleReader }] = await Promise.all([
    import('@dist/redis'),
    import('@dist/queue'),
  ])
  return obstacleReader(redis, { services: serviceLister(redis), hosts: () => hosts.states() })
}
