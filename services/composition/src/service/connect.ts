import { readFile } from 'node:fs/promises'
import { DistError, errnoOf } from '@dist/errdefs'
import { checkServer, connectRedis } from '@dist/redis'
import type { Redis } from 'ioredis'
import type { Logger } from './log.js'
import { sparing } from './repeats.js'
import type { Settings } from './settings/schema.js'

/** The queue's Redis, checked and ready. Disposing closes every connection that was made. */
export interface QueueConnection extends AsyncDisposable {
  readonly redis: Redis
  /** One more connection with the settings of the first. */
  connect(): Redis
}

type QueueSettings = Pick<Settings<'worker'>, 'queue' | 'queueUsername' | 'queuePassword' | 'queueCaFile'>

/**
 * Connects to the queue and checks that it can carry one. Throws as `connectRedis` and `checkServer`; each message
 * names what is wrong.
 */
export async function connectQueue(
  settings: QueueSettings,
  { name, log, signal }: { name: string; log: Logger; signal: AbortSignal },
): Promise<QueueConnection> {
  const repeated = sparing(log)
  const onError = (error: unknown) => repeated.warn('a connection to Redis failed', { error })
  const { queueUsername: username, queuePassword: password, queueCaFile } = settings
  const redis = await connectRedis(settings.queue, {
    name,
    signal,
    onError,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(queueCaFile === undefined ? {} : { ca: await readAuthority(queueCaFile) }),
  })
  const open = new Set([redis])
  const connect = () => {
    const another = redis.duplicate()
    another.on('error', onError)
    open.add(another)
    return another
  }
  const close = async () => {
    for (const each of open) each.disconnect()
  }
  try {
    const { version } = await checkServer(redis)
    await checkTransactions(redis)
    log.info('connected to the queue', { redis: `${redis.options.host}:${redis.options.port}`, version })
    return { redis, connect, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
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

async function readAuthority(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const why = errnoOf(cause) ?? 'unknown'
    throw new DistError('INVALID_ARGUMENT', `the queue's authority ${path} cannot be read (${why})`, {
      cause,
    })
  })
}
