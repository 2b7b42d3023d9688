import { type Code, DistError, type DistErrorOptions, errnoOf, firstError, sanitize } from '@dist/errdefs'
import type { Redis } from 'ioredis'

type Mapping = readonly [code: Code, advice: string, options?: DistErrorOptions]

export const clusterAdvice = 'use a Redis that stands alone (cluster-enabled no)'

/** Error replies of Redis. The reply of a script has the word further on. */
const replies: readonly (readonly [RegExp, Mapping])[] = [
  [/WRONGPASS|invalid password|AUTH .*called/i, ['UNAUTHENTICATED', 'check user and password']],
  [/NOAUTH/, ['UNAUTHENTICATED', 'Redis needs a password: give one']],
  [
    /NOPERM|ACL failure|can't run this command|no permission/i,
    [
      'PERMISSION_DENIED',
      'grant its user +@read +@write +@scripting +@transaction +@connection +time +info on the keys that begin with the prefix',
    ],
  ],
  [/\bOOM\b/, ['RESOURCE_EXHAUSTED', 'its memory is full: raise maxmemory', { retryable: true }]],
  [/READONLY/, ['UNAVAILABLE', 'it is a replica that takes no writes: use the primary']],
  [
    /^(MOVED|ASK) |SELECT is not allowed in cluster mode/,
    ['NOT_IMPLEMENTED', `it is a node of a cluster: ${clusterAdvice}`],
  ],
  [/\b(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNKILLABLE)\b/, ['UNAVAILABLE', 'try again later']],
]

/** Errors of connections, by their errno or by their message. */
const noConnection = /connection lost|no answer|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH/i

/** Messages of the client library, and what they mean. */
const clientMessages: readonly (readonly [RegExp, string])[] = [
  [/max retries per request|^Socket timeout/i, 'no answer'],
  [/^Connection is closed/i, 'connection lost'],
]

const certificateErrors = /CERT|UNABLE_TO_|SELF_SIGNED|ERR_TLS/
const noTls = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO/

/**
 * The error of a command, with a code and with advice. The message has host and port and no credentials. A DistError
 * is returned as it is. `doing`: what failed, such as `locking`.
 */
export function redisError(redis: Redis, doing: string, thrown: unknown): DistError {
  const error = firstError(thrown)
  if (error instanceof DistError) return error
  const { host, port } = redis.options
  const message = messageOf(error)
  const [code, advice, options] = mappingOf(error, message, redis.options.tls !== undefined)
  const text = `redis at ${host}:${port}: ${doing}: ${withAdvice(message, advice)}`
  return new DistError(code, text, { ...options, cause: error })
}

/**
 * The same for an error that may be one of Redis or not, when the client is not known: undefined for errors that Redis
 * and its connections do not cause. `subject` begins the message.
 */
export function knownRedisError(subject: string, thrown: unknown): DistError | undefined {
  const error = firstError(thrown)
  if (error instanceof DistError || !(error instanceof Error)) return undefined
  const message = messageOf(error)
  const mapping =
    replyMapping(message) ?? (noConnection.test(message) ? (['UNAVAILABLE', ''] as const) : undefined)
  if (mapping === undefined) return undefined
  const [code, advice, options] = mapping
  return new DistError(code, `${subject}: ${withAdvice(message, advice)}`, { ...options, cause: error })
}

function withAdvice(message: string, advice: string): string {
  return `${sanitize(message)}${advice === '' ? '' : `; ${advice}`}`
}

/** The message of an error; of a transaction that Redis refused, the message of the first command that failed. */
function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const [first] =
    'previousErrors' in thrown && Array.isArray(thrown.previousErrors) ? thrown.previousErrors : []
  const { message } = first instanceof Error ? first : thrown
  return clientMessages.find(([pattern]) => pattern.test(message))?.[1] ?? message
}

function replyMapping(message: string): Mapping | undefined {
  return replies.find(([pattern]) => pattern.test(message))?.[1]
}

function mappingOf(error: unknown, message: string, tls: boolean): Mapping {
  const known = replyMapping(message)
  if (known !== undefined) return known
  if (error instanceof Error && error.name === 'ReplyError') return ['INTERNAL', '']
  const errno = errnoOf(error) ?? ''
  if (noTls.test(errno)) return ['UNAVAILABLE', 'it does not speak TLS: use redis://', { retryable: false }]
  if (certificateErrors.test(errno))
    return [
      'UNAVAILABLE',
      'its certificate is not trusted: give the authority that signed it',
      { retryable: false },
    ]
  const protocol = tls ? 'does it speak TLS' : 'does it speak without TLS'
  return ['UNAVAILABLE', `is it running, is this its address, and ${protocol}?`]
}
