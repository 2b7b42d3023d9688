import { DistError, redactUrl } from '@dist/errdefs'

/** The address of a Redis, with the credentials of its URL. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly tls: boolean
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/**
 * Reads `redis://[user[:password]@]host[:port][/db]`, or the same with `rediss` for TLS. Default port 6379, default
 * database 0. Throws `INVALID_ARGUMENT`; the message has no credentials.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    throw invalid(text, 'write redis://host:port or rediss://host:port')
  if (!/^\/?\d{0,5}$/.test(url.pathname)) throw invalid(text, 'its path must be the number of a database')
  if (url.search !== '' || url.hash !== '') throw invalid(text, 'it takes no parameters')
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    db: Number(url.pathname.slice(1)),
    tls: url.protocol === 'rediss:',
    username: url.username === '' ? undefined : decode(text, url.username),
    password: url.password === '' ? undefined : decode(text, url.password),
  }
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid(text, 'its user or password has a % without two hex digits after it')
  }
}

function invalid(text: string, advice: string): DistError {
  return new DistError('INVALID_ARGUMENT', `not the URL of a Redis: ${redactUrl(text)}: ${advice}`)
}
