import { DistError } from '@dist/errdefs'
import type { RedisStatuses } from '@dist/redis'
import type { ObstacleReader, Runs } from '@dist/runs'
import { type Environment, nonEmpty, readSecret } from '@dist/settings'
import { openObstacles } from './obstacles.js'
import { waitedFor } from './patience.js'

export interface QueueSettings {
  /** `redis://` or `rediss://`; user and password may stand in it. */
  queue?: string | undefined
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
  /** What stands in the way of a run, or of all. */
  readonly obstacles: ObstacleReader
}

const defaultPatience = 5_000
/** Milliseconds that one attempt to connect may take at least: cut short it could not tell what is wrong. */
const shortestAttempt = 1_000
/** Milliseconds without an answer after which those who wait on say that they do. */
const soon = 2_000

export interface OpenQueueOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds that a Redis that is away is waited for. Default: 5,000. */
  patience?: number | undefined
  /** Once connected, calls wait for a Redis that is away as long as it takes. */
  persistent?: boolean | undefined
  /** Connecting does so, too. */
  waitAtStart?: boolean | undefined
  /** Told each time that Redis stops answering and is waited for. */
  onAway?: ((error: unknown) => void) | undefined
}

/**
 * Connects to the queue as a client. Throws what `connectRedis` throws: `UNAVAILABLE` when Redis is away for some
 * seconds. Whoever opens it disposes of it.
 */
export async function openQueue(
  url: string,
  env: Environment,
  options: OpenQueueOptions = {},
): Promise<Queue> {
  const { signal, patience = defaultPatience, persistent = false, waitAtStart = false, onAway } = options
  const [{ connectRedis, createRedisStatuses }, { openRuns }, secrets] = await Promise.all([
    import('@dist/redis'),
    import('@dist/queue'),
    redisSecrets(env),
  ])
  const once = onceIn(onAway)
  const redis = await waitedFor(
    (left) =>
      connectRedis(url, {
        ...secrets,
        connectTimeout: Math.max(shortestAttempt, Math.min(left, patience)),
        name: 'dist',
        ...(signal === undefined ? {} : { signal }),
      }),
    waitAtStart ? { signal, onAway: once.away } : { signal, patience },
  )
  once.back()
  const runs = openRuns({
    connect: () => redis.duplicate(),
    tuning: { patience: persistent ? soon : patience },
    ...(persistent ? { persistent: { ...once, ...(signal === undefined ? {} : { signal }) } } : {}),
  })
  return {
    runs,
    statuses: createRedisStatuses(redis, { worker: 'client', patience }),
    obstacles: await openObstacles(redis),
    [Symbol.asyncDispose]: async () => {
      await runs[Symbol.asyncDispose]()
      redis.disconnect()
    },
  }
}

/** Tells of the first failure, and of the next one only when it was back in between. */
function onceIn(tell: ((error: unknown) => void) | undefined) {
  let away = false
  return {
    away: (error: unknown) => {
      if (!away) tell?.(error)
      away = true
    },
    back: () => {
      away = false
    },
  }
}

export interface RedisSecrets {
  username?: string | undefined
  password?: string | undefined
  ca?: string | undefined
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
    username,
    password,
    ca,
  }
}

async function contentOf(env: Environment, name: string): Promise<string | undefined> {
  const path = nonEmpty(env[name])
  return path === undefined ? undefined : readSecret(path, name)
}
