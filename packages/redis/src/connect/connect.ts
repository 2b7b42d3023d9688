import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { backoff, DistError, throwIfAborted } from '@dist/errdefs'
import { Redis, type RedisOptions } from 'ioredis'
import { within } from '../answer.js'
import { redisError } from '../errors.js'
import { refuseCluster } from './cluster.js'
import { parseRedisUrl, type RedisAddress } from './url.js'

export interface ConnectOptions {
  /** In place of the URL's. */
  username?: string | undefined
  /** In place of the URL's. */
  password?: string | undefined
  /** PEM: the only authorities to trust, with `rediss`. Default: those that Node.js trusts. */
  ca?: string | undefined
  /** PEM: the own certificate and its key, for servers that ask for one. */
  cert?: string | undefined
  key?: string | undefined
  /** What `CLIENT LIST` shows. Default: none. */
  name?: string | undefined
  /**
   * How often a command is sent again before it fails. Default `null`: it waits until Redis is back, which is what
   * BullMQ's workers need; locks, limits and statuses have bounds of their own.
   */
  maxRetriesPerRequest?: number | null | undefined
  /** Milliseconds until it is connected, signed in and ready. Default 10,000. */
  connectTimeout?: number | undefined
  signal?: AbortSignal | undefined
  /** Is told of connections that fail later on. The client connects again by itself, as long as it takes. */
  onError?: ((error: DistError) => void) | undefined
}

const defaultTimeout = 10_000
/** Longer than any command of ours blocks; BullMQ's workers block for 10 s at most. */
const silence = 30_000

/**
 * A client that is connected, signed in and ready. Whoever asked for it closes it (`quit` or `disconnect`).
 * Its duplicates connect at once and for as long as it takes, and tell `onError` of their failures, too.
 *
 * Tries once. `INVALID_ARGUMENT`: the URL or a certificate cannot be right. `UNAUTHENTICATED`: user or password.
 * `UNAVAILABLE`: nobody answers, or (not worth a retry) the server's certificate is not trusted. `NOT_IMPLEMENTED`: it is a
 * node of a cluster.
 * `CANCELED` through the signal. Messages name host and port, never a credential.
 */
export async function connectRedis(url: string, options: ConnectOptions = {}): Promise<Redis> {
  throwIfAborted(options.signal)
  const address = parseRedisUrl(url)
  const connection: Connection = { ready: false, error: undefined }
  const redis = createClient(address, options, connection)
  try {
    const timeout = options.connectTimeout ?? defaultTimeout
    await within(redis.connect(), timeout, options.signal)
    await within(refuseCluster(redis), timeout, options.signal)
    return withDuplicates(redis, options)
  } catch (error) {
    redis.disconnect()
    throwIfAborted(options.signal)
    throw redisError(redis, 'connecting', connection.error ?? error)
  }
}

interface Connection {
  /** Whether it has been ready once: only then is a lost connection made again. */
  ready: boolean
  /** Why the first attempt fails: the client itself says no more than that it is closed. */
  error: unknown
}

function createClient(address: RedisAddress, options: ConnectOptions, connection: Connection): Redis {
  const username = options.username ?? address.username
  const password = options.password ?? address.password
  const redis = new Redis({
    host: address.host,
    port: address.port,
    db: address.db,
    username,
    password,
    connectionName: options.name,
    ...(address.tls ? { tls: tlsOptions(address.host, options) } : {}),
    lazyConnect: true,
    // ioredis waits so long also for a connection that never came about.
    disconnectTimeout: 200,
    disableClientInfo: true,
    connectTimeout: options.connectTimeout ?? defaultTimeout,
    socketTimeout: silence,
    maxRetriesPerRequest: options.maxRetriesPerRequest ?? null,
    retryStrategy: (times) => (connection.ready ? backoff(times - 1, 50, 2_000) : null),
    // After a failover the address leads to the new primary, but this connection still to the old one.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  })
  redis.once('ready', () => {
    connection.ready = true
  })
  redis.on('error', (error: unknown) => {
    if (connection.ready) options.onError?.(redisError(redis, 'connecting', error))
    else connection.error ??= error
  })
  return redis
}

/**
 * A duplicate that connects when it is first used, as this client did, gives the first user an error for good when
 * Redis is away at that moment: BullMQ keeps it for ever. One without a listener has its errors printed.
 */
function withDuplicates(redis: Redis, options: ConnectOptions): Redis {
  const duplicate: (override: Partial<RedisOptions>) => Redis = redis.duplicate.bind(redis)
  const duplicateNow = (override?: Partial<RedisOptions>) => {
    const another = duplicate({ ...override, lazyConnect: false })
    another.on('error', (error: unknown) => options.onError?.(redisError(another, 'connecting', error)))
    return withDuplicates(another, options)
  }
  redis.duplicate = duplicateNow as Redis['duplicate']
  return redis
}

function tlsOptions(host: string, { ca, cert, key }: ConnectOptions) {
  checkCertificates({ ca, cert, key })
  return {
    ca,
    cert,
    key,
    // An address is no server name (RFC 6066, 3).
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  }
}

function checkCertificates({ ca, cert, key }: Record<'ca' | 'cert' | 'key', string | undefined>): void {
  const check = (what: string, read: () => unknown) => {
    try {
      read()
    } catch (cause) {
      throw new DistError('INVALID_ARGUMENT', `redis: ${what} is no PEM that can be read`, { cause })
    }
  }
  // Where there is no certificate at all, TLS would say no more than that the server's is not trusted.
  if (ca !== undefined) check("the authority's certificate", () => new X509Certificate(ca))
  check('the own certificate or its key', () => createSecureContext({ cert, key }))
}
