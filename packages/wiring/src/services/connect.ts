import { DistError } from '@dist/errdefs'
import { type ConnectOptions, checkServer, connectRedis } from '@dist/redis'
import { type ServiceHost, throttledLogger } from '@dist/service'
import type { QueueAccess, Settings } from '@dist/settings'
import type { Redis } from 'ioredis'
import { type RedisOptions, redisOptions } from '../redis.js'
import { retryUntilAvailable } from '../retry-until-available.js'
import { Outage } from './log.js'

/** The Redis of the queue, checked and ready. Disposing closes all connections. */
export interface QueueConnection extends AsyncDisposable {
  readonly redis: Redis
  readonly outage: Outage
  /** What another thread needs to connect. */
  readonly address: { readonly url: string; readonly options: RedisOptions }
  /** Opens one more connection with the same settings. */
  connect(): Redis
  /** Throws `UNAVAILABLE` when Redis does not answer. */
  checkReady(): Promise<void>
}

type QueueSettings = QueueAccess & Pick<Settings<'worker'>, 'queue'>

/**
 * Connects a service to its queue, and checks that this Redis can carry a queue. Waits for an unavailable Redis, and logs and
 * reports that. `name` is the name in `CLIENT LIST`. Throws as `connectRedis` and `checkServer` for errors that waiting does not
 * help, and `CANCELED` through the signal.
 */
export async function connectQueue(
  settings: QueueSettings,
  name: string,
  { log, context: { signal }, reportWaiting }: Pick<ServiceHost, 'log' | 'context' | 'reportWaiting'>,
): Promise<QueueConnection> {
  const throttled = throttledLogger(log)
  let outage: Outage | undefined
  const onError = (error: DistError) =>
    outage?.connectionFailed(error, () =>
      throttled.warn('a connection to Redis failed', { error: withoutCause(error) }),
    )
  const options = await redisOptions(settings, name)
  const onUnavailable = (error: unknown) => {
    throttled.warn('waiting for Redis', { error: withoutCause(error) })
    reportWaiting(error)
  }
  const connectChecked = () => connectAndCheck(settings.queue, { ...options, signal, onError })
  const { redis, version } = await retryUntilAvailable(connectChecked, { signal, onUnavailable })
  outage = new Outage(log, redis)
  log.info('connected to the queue', { redis: `${redis.options.host}:${redis.options.port}`, version })
  const connections = [redis]
  return {
    redis,
    outage,
    address: { url: settings.queue, options },
    connect: () => {
      const another = redis.duplicate()
      connections.push(another)
      return another
    },
    checkReady: () => checkAnswer(redis),
    [Symbol.asyncDispose]: async () => {
      for (const each of connections) each.disconnect()
    },
  }
}

async function connectAndCheck(
  url: string,
  options: ConnectOptions,
): Promise<{ redis: Redis; version: string }> {
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

async function checkAnswer(redis: Redis): Promise<void> {
  // Without a connection, a command would wait for one.
  if (redis.status !== 'ready') throw new DistError('UNAVAILABLE', 'Redis is unavailable')
  await redis.ping().catch((cause: unknown) => {
    throw new DistError('UNAVAILABLE', 'Redis does not answer', { cause })
  })
}

/** The cause of a connection error is a message of the client library. */
function withoutCause(error: unknown): unknown {
  return error instanceof DistError ? new DistError(error.code, error.message) : error
}

/** BullMQ adds jobs in transactions. Redis grants them separately from reading and writing. */
async function checkTransactions(redis: Redis): Promise<void> {
  try {
    await redis.multi().time().exec()
  } catch (cause) {
    if (!String(cause).includes('NOPERM')) throw cause
    const { host, port } = redis.options
    const message = `redis at ${host}:${port}: the user is not allowed to use transactions: grant +@transaction`
    throw new DistError('PERMISSION_DENIED', message, { cause })
  }
}
