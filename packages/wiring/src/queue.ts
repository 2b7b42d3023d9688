import type { RedisStatuses } from '@dist/redis'
import type { HostReport, ResumedHost } from '@dist/remotes'
import type { ObstacleReader, Runs, Schedules, Tokens } from '@dist/runs'
import { readQueueAccess } from '@dist/settings'
import type { Environment } from '@dist/settings/command'
import { openHosts, openObstacles, redisOptions, reportHosts, resumeHost } from './redis.js'
import { retryUntilAvailable } from './retry-until-available.js'

export { retryUntilAvailable }

/** The queue as a command uses it. */
export interface Queue extends AsyncDisposable {
  readonly runs: Runs
  /** Its schedules, over a connection of their own. */
  readonly schedules: () => Schedules
  /** The tokens of its API, over a connection of their own. */
  readonly tokens: () => Tokens
  /** The writes in progress of all workers. */
  readonly statuses: Pick<RedisStatuses, 'list'>
  /** The limits, quotas and pauses of registries. */
  readonly hosts: () => Promise<HostReport[]>
  /** Ends the pause of a host early. */
  readonly resumeHost: (host: string) => Promise<ResumedHost>
  /** Reads the obstacles of one run, or of all runs. */
  readonly obstacles: ObstacleReader
}

const defaultTimeoutMs = 5_000
/** The minimum for one attempt to connect: a shorter one cannot find the cause of a failure. */
const minAttemptMs = 1_000
/** A persistent client reports that Redis is unavailable when a call has no answer after this time. */
const unavailableAfterMs = 2_000

export interface OpenQueueOptions {
  signal?: AbortSignal | undefined
  /** Maximum time to wait for an unavailable Redis, for connecting and for each call. Default: 5,000. */
  timeoutMs?: number | undefined
  /** Calls wait without limit for an unavailable Redis, once connected. Default: false. */
  persistent?: boolean | undefined
  /** Connecting waits without limit, too. Default: false. */
  waitAtStart?: boolean | undefined
  /** Called each time that Redis becomes unavailable and is waited for. */
  onUnavailable?: ((error: unknown) => void) | undefined
}

/**
 * Connects to the queue as a client. The caller disposes of the result. Throws `UNAVAILABLE` after `timeoutMs`, and as
 * `readQueueAccess` and `connectRedis`.
 */
export async function openQueue(
  url: string,
  env: Environment,
  options: OpenQueueOptions = {},
): Promise<Queue> {
  const { signal, persistent = false, waitAtStart = false, timeoutMs = defaultTimeoutMs } = options
  const [
    { connectRedis, createRedisStatuses },
    { openQueueControl, openRuns, openSchedules, openTokens },
    access,
  ] = await Promise.all([
    import('@dist/redis'),
    import('@dist/queue'),
    readQueueAccess(env).then((each) => redisOptions(each, 'dist')),
  ])
  const reporter = reportOnce(options.onUnavailable)
  const redis = await retryUntilAvailable(
    (left) => {
      const connectTimeout = Math.max(minAttemptMs, Math.min(left, timeoutMs))
      return connectRedis(url, { ...access, connectTimeout, signal })
    },
    waitAtStart ? { signal, onUnavailable: reporter.away } : { signal, timeoutMs },
  )
  reporter.back()
  const hosts = await openHosts(redis)
  const client = {
    connect: () => redis.duplicate(),
    tuning: { timeoutMs: persistent ? unavailableAfterMs : timeoutMs },
    persistent: persistent ? { ...reporter, signal } : undefined,
  }
  const runs = openRuns(client)
  const opened: AsyncDisposable[] = [runs]
  const open = <T extends AsyncDisposable>(part: T): T => {
    opened.push(part)
    return part
  }
  return {
    runs,
    schedules: () => open(openSchedules(client)),
    tokens: () => open(openTokens(client)),
    statuses: createRedisStatuses(redis, { worker: 'client', timeoutMs }),
    hosts: () => reportHosts(hosts),
    resumeHost: (host) => resumeHost(host, hosts, open(openQueueControl(client))),
    obstacles: await openObstacles(redis, hosts),
    [Symbol.asyncDispose]: async () => {
      for (const each of opened) await each[Symbol.asyncDispose]()
      redis.disconnect()
    },
  }
}

/** Reports the first failure of each outage. */
function reportOnce(report: ((error: unknown) => void) | undefined) {
  let away = false
  return {
    away: (error: unknown) => {
      if (!away) report?.(error)
      away = true
    },
    back: () => {
      away = false
    },
  }
}
