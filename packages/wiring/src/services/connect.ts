import { DistError } from '@dist/errdefs'
import { type ConnectOptions, checkServer, connectRedis } from '@dist/redis'
import type { Logger } from '@dist/service'
import { throttledLogger } from '@dist/service'
import type { QueueAccess, Settings } from '@dist/settings'
import type { Redis } from 'ioredis'
import { type RedisOptions, redisOptions } from '../redis.js'
import { retryUntilAvailable } from '../retry-until-available.js'
import { Outage } from './outage.js'

/** The queue's Redis, checked and ready. Disposing closes every connection that was made. */
export interface QueueConnection extends AsyncDisposable {
  readonly redis: Redis
  readonly outage: Outage
  /** What another thread connects with. */
  readonly address: {
    readonly url: string
    readonly options: RedisOptions
  }
  /** One more connection with the settings of the first. */
  connect(): Redis
}

type QueueSettings = QueueAccess & Pick<Settings<'worker'>, 'queue'>

export interface ConnectParts {
  /** What `CLIENT LIST` shows. */
  readonly name: string
  readonly log: Logger
  readonly signal: AbortSignal
  /** Told why the service waits. */
  readonly onUnavailable?: ((error: unknown) => void) | undefined
}

/**
 * Connects to the queue and checks that it can carry one; a Redis that is away is waited for, and that is logged.
 * Throws, beside `CANCELED` through the signal, what waiting does not mend, as `connectRedis` and `checkServer`; each
 * message names what is wrong.
 */
export async function connectQueue(settings: QueueSettings, parts: ConnectParts): Promise<QueueConnection> {
  const { name, log, signal } = parts
  const repeated = throttledLogger(log)
  let outage: Outage | undefined
  const onError = (error: DistError) => {
    const say = () => repeated.warn('a connection to Redis failed', { error: withoutCause(error) })
    outage?.connectionFailed(error, say)
  }
  const options = await redisOptions(settings, name)
  const onAway = (error: unknown) => {
    repeated.warn('waiting for Redis', { error: withoutCause(error) })
    parts.onUnavailable?.(error)
  }
  const { redis, version } = await retryUntilAvailable(
    () => checked(settings.queue, { ...options, signal, onError }),
    {
      signal,
      onUnavailable: onAway,
    },
  )
  outage = new Outage(log, redis)
  log.info('connected to the queue', { redis: `${redis.options.host}:${redis.options.port}`, version })
  const open = new Set([redis])
  const connect = () => {
    const another = redis.duplicate()
    open.add(another)
    return another
  }
  const close = async () => {
    for (const each of open) each.disconnect()
  }
  const address = { url: settings.queue, options }
  return { redis, outage, address, connect, [Symbol.asyncDispose]: close }
}

async function checked(url: string, options: ConnectOptions): Promise<{ redis: Redis; version: string }> {
  const redis = await connectRedis(url, options)
  try {
    const { version } = await checkServer(redis)
    await checkTransactions(redis)
    return { redis, version }
  } catch (error) {
    redis.disconnect()
    throw error
  }
}

function withoutCause(error: unknown): unknown {
  return error instanceof DistError ? new DistError(error.code, error.message) : error
}

/** BullMQ adds jobs in transactions, which a user of Redis has to be allowed apart from reading and writing. */
async function checkTransactions(redis: Redis): Promise<void> {
  try {
    await redis.multi().time().exec()
  } catch (cause) {
    if (!String(cause).includes('NOPERM')) throw cause
    const { host, port } = redis.options
    const message = `redis at ${host}:${port}: its user may not use transactions: grant +@transaction, too`
    throw new DistError('PERMISSION_DENIED', message, { cause })
  }
}
