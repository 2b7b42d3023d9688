import { type Code, DistError, type DistErrorOptions, errnoOf, firstError, sanitize } from '@dist/errdefs'
import type { Redis } from 'ioredis'

type Verdict = readonly [code: Code, advice: string, options?: DistErrorOptions]

/** What to do about a node of a cluster, which asks its clients to follow keys to other nodes. */
export const clusterAdvice = 'name a Redis that stands alone (cluster-enabled no)'

/** What Redis answers, by the beginning of its reply; within a script the word stands further on. */
const replies: readonly (readonly [RegExp, Verdict])[] = [
  [/^WRONGPASS|invalid password|AUTH .*called/i, ['UNAUTHENTICATED', 'check user and password']],
  [/^NOAUTH/, ['UNAUTHENTICATED', 'it asks for a password: give one']],
  [
    /NOPERM|ACL failure|can't run this command|no permission/i,
    [
      'PERMISSION_DENIED',
      'grant its user +@read +@write +@scripting +@transaction +@connection +time +info on the keys that begin with the prefix',
    ],
  ],
  [/\bOOM\b/, ['RESOURCE_EXHAUSTED', 'its memory is full: raise maxmemory', { retryable: true }]],
  [/READONLY/, ['UNAVAILABLE', 'it is a replica that takes no writes: name the primary']],
  [
    /^(MOVED|ASK) |SELECT is not allowed in cluster mode/,
    ['NOT_IMPLEMENTED', `it is a node of a cluster: ${clusterAdvice}`],
  ],
  [/^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b/, ['UNAVAILABLE', 'try again later']],
]

/** What the client library says of itself, in the words of those who use the queue. */
const ownWords: readonly (readonly [RegExp, string])[] = [
  [/max retries per request|^Socket timeout/i, 'it does not answer'],
  [/^Connection is closed/i, 'the connection is lost'],
]

const certificateErrors = /CERT|UNABLE_TO_|SELF_SIGNED|ERR_TLS/
const noTls = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO/

/**
 * What went wrong with Redis, with a code and what to do. Names host and port, no credential. What is a DistError
 * already stays as it is.
 */
export function redisError(redis: Redis, doing: string, thrown: unknown): DistError {
  const error = firstError(thrown)
  if (error instanceof DistError) return error
  const { host, port } = redis.options
  const raw = error instanceof Error ? error.message : String(error)
  const said = ownWords.find(([pattern]) => pattern.test(raw))?.[1] ?? raw
  const [code, advice, options] = verdict(error, said, redis.options.tls !== undefined)
  const message = `redis at ${host}:${port}: ${doing}: ${sanitize(said)}${advice === '' ? '' : `; ${advice}`}`
  return new DistError(code, message, { ...options, cause: error })
}

function verdict(error: unknown, said: string, tls: boolean): Verdict {
  const known = replies.find(([pattern]) => pattern.test(said))
  if (known !== undefined) return known[1]
  if (error instanceof Error && error.name === 'ReplyError') return ['INTERNAL', '']
  const errno = errnoOf(error) ?? ''
  if (noTls.test(errno)) return ['UNAVAILABLE', 'it does not speak TLS: use redis://', { retryable: false }]
  if (certificateErrors.test(errno))
    return [
      'UNAVAILABLE',
      'its certificate is not trusted: give the authority that signed it',
      { retryable: false },
    ]
  const language = tls ? 'does it speak TLS' : 'does it speak without TLS'
  return ['UNAVAILABLE', `is it running, is this its address, and ${language}?`]
}
