import { DistError, redactUrl } from '@dist/errdefs'

/** Where a Redis is and who asks it. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly tls: boolean
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/**
 * Reads `redis://[user[:password]@]host[:port][/db]`, or the same with `rediss` for TLS. The port is 6379 and the
 * database 0 unless they are given. Throws `INVALID_ARGUMENT`; the message has no credentials in it.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    throw invalid(text, 'write redis://host:port or rediss://host:port')
  if (!/^\/?\d{0,5}$/.test(url.pathname)) throw invalid(text, 'its path is the number of a database')
  if (url.search !== '' || url.hash !== '') throw invalid(text, 'it takes no parameters')
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    db: Number(url.pathname.slice(1)),
    tls: url.protocol === 'rediss:',
    ...(url.username === '' ? {} : { username: decoded(text, url.username) }),
    ...(url.password === '' ? {} : { password: decoded(text, url.password) }),
  }
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid(text, 'its user or password has a % that is not followed by two hex digits')
  }
}

function invalid(text: string, what: string): DistError {
  return new DistError('INVALID_ARGUMENT', `not the URL of a Redis: ${redactUrl(text)}: ${what}`)
}
