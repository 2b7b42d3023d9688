import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { backoff, DistError, throwIfAborted } from '@dist/errdefs'
import { Redis, type RedisOptions } from 'ioredis'
import { redisError } from '../errors.js'
import { within } from '../within.js'
import { refuseCluster } from './cluster.js'
import { gatherWrites } from './gather-writes.js'
import { parseRedisUrl, type RedisAddress } from './url.js'

export interface ConnectOptions {
  /** Overrides that of the URL. */
  username?: string | undefined
  /** Overrides that of the URL. */
  password?: string | undefined
  /** PEM: the only authorities to trust, with `rediss`. Default: those that Node.js trusts. */
  ca?: string | undefined
  /** PEM: the client certificate and its key, for servers that require one. */
  cert?: string | undefined
  key?: string | undefined
  /** The name of the connection in `CLIENT LIST`. Default: none. */
  name?: string | undefined
  /**
   * How often a command is sent again before it fails. Default: `null`, until Redis is back, as BullMQ's workers need
   * it. Locks, limits and statuses have timeouts of their own.
   */
  maxRetriesPerRequest?: number | null | undefined
  /** Milliseconds until the client is connected, signed in and ready. Default: 10,000. */
  connectTimeout?: number | undefined
  signal?: AbortSignal | undefined
  /** Called for each connection that fails after the first. The client reconnects by itself, without a limit. */
  onError?: ((error: DistError) => void) | undefined
}

const defaultTimeoutMs = 10_000
/** Longer than any command blocks: BullMQ's workers block for 10 s at most. */
const socketTimeoutMs = 30_000

/**
 * A client that is connected, signed in and ready. The caller closes it (`quit` or `disconnect`). Its duplicates
 * connect at once, without a time limit, and report failures to `onError`, too.
 *
 * Tries once. `INVALID_ARGUMENT`: bad URL or certificate. `UNAUTHENTICATED`: user or password. `UNAVAILABLE`: no
 * connection, or (not retryable) the server's certificate is not trusted. `NOT_IMPLEMENTED`: a node of a cluster.
 * `CANCELED` through the signal. Messages have host and port and no credentials.
 */
export async function connectRedis(url: string, options: ConnectOptions = {}): Promise<Redis> {
  throwIfAborted(options.signal)
  const address = parseRedisUrl(url)
  const connection: Connection = { ready: false, error: undefined }
  const redis = createClient(address, options, connection)
  try {
    const timeoutMs = options.connectTimeout ?? defaultTimeoutMs
    await within(redis.connect(), timeoutMs, options.signal)
    await within(refuseCluster(redis), timeoutMs, options.signal)
    return withDuplicates(redis, options)
  } catch (error) {
    redis.disconnect()
    throwIfAborted(options.signal)
    throw redisError(redis, 'connecting', connection.error ?? error)
  }
}

interface Connection {
  /** Whether it has been ready once: the client reconnects only then. */
  ready: boolean
  /** Why the first attempt failed. The client itself only reports that it is closed. */
  error: unknown
}

function createClient(address: RedisAddress, options: ConnectOptions, connection: Connection): Redis {
  const redis = new Redis({
    host: address.host,
    port: address.port,
    db: address.db,
    username: options.username ?? address.username,
    password: options.password ?? address.password,
    connectionName: options.name,
    ...(address.tls ? { tls: tlsOptions(address.host, options) } : {}),
    lazyConnect: true,
    // ioredis waits this long also for a connection that was never made.
    disconnectTimeout: 200,
    disableClientInfo: true,
    connectTimeout: options.connectTimeout ?? defaultTimeoutMs,
    socketTimeout: socketTimeoutMs,
    maxRetriesPerRequest: options.maxRetriesPerRequest ?? null,
    retryStrategy: (times) => (connection.ready ? backoff(times - 1, 50, 2_000) : null),
    // After a failover the address leads to the new primary, but this connection still to the old one.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  })
  gatherWrites(redis)
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
 * With `lazyConnect`, a duplicate whose first connection fails rejects its first command, and BullMQ keeps that error
 * for good. So duplicates connect at once. ioredis prints the errors of a client without a listener.
 */
function withDuplicates(redis: Redis, options: ConnectOptions): Redis {
  const duplicate: (override: Partial<RedisOptions>) => Redis = redis.duplicate.bind(redis)
  const duplicateNow = (override?: Partial<RedisOptions>) => {
    const another = duplicate({ ...override, lazyConnect: false })
    gatherWrites(another)
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
    // An address is not a server name (RFC 6066, 3).
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  }
}

function checkCertificates({ ca, cert, key }: Record<'ca' | 'cert' | 'key', string | undefined>): void {
  const check = (what: string, read: () => unknown) => {
    try {
      read()
    } catch (cause) {
      throw new DistError('INVALID_ARGUMENT', `redis: ${what}: not valid PEM`, { cause })
    }
  }
  // With an unreadable authority, TLS would only report that the server's certificate is not trusted.
  if (ca !== undefined) check("the authority's certificate", () => new X509Certificate(ca))
  check('the client certificate or its key', () => createSecureContext({ cert, key }))
}
