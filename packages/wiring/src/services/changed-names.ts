import type { Names } from '@dist/content'
import { connectRedis, defaultPrefix } from '@dist/redis'
import { type ServiceHost, throttledLogger } from '@dist/service'
import type { QueueAccess } from '@dist/settings'
import type { Redis } from 'ioredis'
import { redisOptions } from '../redis.js'
import { retryUntilAvailable } from '../retry-until-available.js'

/** Milliseconds between questions whether the connection still works: it only listens otherwise. */
const pingMs = 10_000

/** The channel on which services tell each other which names of a store have changed. */
function channelOf(storeId: string): string {
  return `${defaultPrefix}:names:${storeId}`
}

/**
 * The names of a store; other services are told of each change. Best effort: those that are not told look at names from time to
 * time anyway.
 */
export function tellChanges(names: Names, redis: Redis, storeId: string): Names {
  const tell = (name: string) => void redis.publish(channelOf(storeId), name).catch(() => {})
  return {
    ...names,
    put: async (image) => {
      await names.put(image)
      tell(image.name)
    },
    delete: async (name) => {
      await names.delete(name)
      tell(name)
    },
  }
}

/** Where changes are told, and of which store. */
export interface ChangesOf {
  readonly url: string
  readonly access: QueueAccess
  readonly storeId: string
}

/**
 * Calls `onChange` with each name that services of a queue change, and without a name when changes may have been missed: once it
 * listens, and when a connection was lost. Connects in the background, for as long as it takes.
 */
export async function followChanges(
  { url, access, storeId }: ChangesOf,
  { log, context }: Pick<ServiceHost, 'log' | 'context'>,
  onChange: (name?: string) => void,
): Promise<AsyncDisposable> {
  const options = await redisOptions(access, 'dist-registry')
  const throttled = throttledLogger(log)
  const controller = new AbortController()
  const signal = AbortSignal.any([controller.signal, context.signal])
  const warn = (error: unknown) =>
    throttled.warn('Redis does not tell of changes: they are seen later', { error })
  const channel = channelOf(storeId)
  const listen = async (redis: Redis) => {
    redis.on('message', (_channel: string, name: string) => onChange(name))
    const subscribe = () => redis.subscribe(channel).then(() => onChange(), warn)
    redis.on('ready', subscribe)
    await subscribe()
  }
  let ping: NodeJS.Timeout | undefined
  const connecting = retryUntilAvailable(() => connectRedis(url, { ...options, signal, onError: warn }), {
    signal,
    onUnavailable: warn,
  })
  const listening = connecting
    .then(async (redis) => {
      await listen(redis)
      ping = setInterval(() => {
        // Without a connection it would wait for one.
        if (redis.status === 'ready') redis.ping().catch(() => {})
      }, pingMs)
      return redis
    })
    .catch((error: unknown) => {
      if (!signal.aborted) log.error('changes of names are not followed', { error })
      return undefined
    })
  return {
    [Symbol.asyncDispose]: async () => {
      controller.abort()
      clearInterval(ping)
      const redis = await listening
      redis?.disconnect()
    },
  }
}
