import { readFile } from 'node:fs/promises'
import { DistError, errnoOf } from '@dist/errdefs'
import type { ConnectOptions, RedisHostLimiter } from '@dist/redis'
import { type HostReport, type HostStates, hostReports, type ResumedHost } from '@dist/remotes'
import type { ObstacleReader, QueueControl } from '@dist/runs'
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
export type SharedHosts = Pick<
  RedisHostLimiter,
  'states' | 'limits' | 'quotas' | 'answers' | 'publishedPolicies' | 'resume' | 'askForPulls'
>

/** What the services of a queue share about hosts. */
export async function openHosts(redis: Redis): Promise<SharedHosts> {
  const { createRedisHostLimiter } = await import('@dist/redis')
  return createRedisHostLimiter(redis)
}

/** A report for all hosts together, and one for each host that the services of a queue know. */
export async function reportHosts(hosts: SharedHosts): Promise<HostReport[]> {
  const [policies = {}, states, limits, quotas, answers] = await Promise.all([
    hosts.publishedPolicies(),
    hosts.states(),
    hosts.limits(),
    hosts.quotas(),
    hosts.answers(),
  ])
  return hostReports({ policies, states, limits, quotas, answers })
}

/** Ends the pause of a host, or its wait for a quota, and has the jobs that wait for it go on. */
export async function resumeHost(
  host: string,
  hosts: Pick<SharedHosts, 'resume' | 'askForPulls'>,
  queues: Pick<QueueControl, 'release'>,
): Promise<ResumedHost> {
  const [wasPaused, asksForPulls] = await Promise.all([hosts.resume(host), hosts.askForPulls(host)])
  return { wasPaused, asksForPulls, jobs: await queues.release(host) }
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
