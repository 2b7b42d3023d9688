import { DistError } from '@dist/errdefs'
import type { Runs } from '@dist/queue'
import type { RedisStatuses } from '@dist/redis'
import { type Environment, nonEmpty } from './environment.js'
import { readSecret } from './service/settings/secret.js'

export interface QueueSettings {
  /** `redis://` or `rediss://`; user and password may stand in it. */
  queue?: string
}

/** The queue that the setting names, else `DIST_QUEUE`. Undefined: there is none. */
export function queueUrl(settings: QueueSettings, env: Environment): string | undefined {
  return settings.queue ?? nonEmpty(env.DIST_QUEUE)
}

/** As `queueUrl`, for what needs a queue. Throws `INVALID_ARGUMENT` saying what is missing. */
export function requiredQueue(settings: QueueSettings, env: Environment): string {
  const url = queueUrl(settings, env)
  if (url !== undefined) return url
  throw new DistError(
    'INVALID_ARGUMENT',
    'a queue is needed: give --queue redis://host:port or set DIST_QUEUE',
  )
}

/** What a client of the queue works with. */
export interface Queue extends AsyncDisposable {
  readonly runs: Runs
  /** The writes under way of all workers. */
  readonly statuses: Pick<RedisStatuses, 'list'>
}

/** Milliseconds that a client waits for Redis before it says that it is away. */
const patience = 10_000
/** How often a client asks again: unlike a service it would rather say so than wait. */
const retries = 3

/** Connects to the queue as a client. Throws what `connectRedis` throws. Whoever opens it disposes of it. */
export async function openQueue(url: string, env: Environment): Promise<Queue> {
  const [{ connectRedis, createRedisStatuses }, { openRuns }] = await Promise.all([
    import('@dist/redis'),
    import('@dist/queue'),
  ])
  const redis = await connectRedis(url, {
    ...(await redisSecrets(env)),
    connectTimeout: patience,
    maxRetriesPerRequest: retries,
    name: 'dist',
  })
  const runs = openRuns({ connect: () => redis.duplicate() })
  return {
    runs,
    statuses: createRedisStatuses(redis, { worker: 'client', patience }),
    [Symbol.asyncDispose]: async () => {
      await runs[Symbol.asyncDispose]()
      redis.disconnect()
    },
  }
}

export interface RedisSecrets {
  username?: string
  password?: string
  ca?: string
}

/**
 * What does not belong in a URL, by the same variables as the services': `DIST_QUEUE_USERNAME`,
 * `DIST_QUEUE_PASSWORD` or `DIST_QUEUE_PASSWORD_FILE`, and `DIST_QUEUE_CA_FILE` for `rediss`.
 */
async function redisSecrets(env: Environment): Promise<RedisSecrets> {
  const username = nonEmpty(env.DIST_QUEUE_USERNAME)
  const password = nonEmpty(env.DIST_QUEUE_PASSWORD) ?? (await contentOf(env, 'DIST_QUEUE_PASSWORD_FILE'))
  const ca = await contentOf(env, 'DIST_QUEUE_CA_FILE')
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
  }
}

async function contentOf(env: Environment, name: string): Promise<string | undefined> {
  const path = nonEmpty(env[name])
  return path === undefined ? undefined : readSecret(path, name)
}
