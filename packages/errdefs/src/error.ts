/**
 * Error classes that a caller has to distinguish. The names are gRPC's, as in containerd's errdefs, except `MALFORMED`,
 * `IN_USE` and `NOT_IMPLEMENTED` (gRPC: UNIMPLEMENTED).
 *
 * - `INVALID_ARGUMENT`: the user's input is wrong; no request was sent.
 * - `MALFORMED`: the other side sent invalid data (a manifest that is not JSON, a size of -1). A code of its own, so that
 *   a mistake of the user and one of a registry differ.
 * - `FAILED_PRECONDITION`: content has another size or digest than expected. Used for nothing else.
 * - `NOT_FOUND`: the object does not exist. `ALREADY_EXISTS`: it exists. `IN_USE`: another object needs it.
 * - `UNAVAILABLE`: a temporary failure; the same call may succeed later.
 * - `UNAUTHENTICATED`: credentials are missing or wrong. `PERMISSION_DENIED`: they are valid and not sufficient.
 * - `RESOURCE_EXHAUSTED`: a full disk, a quota, or a limit on input.
 * - `DEADLINE_EXCEEDED`: a deadline passed. `CANCELED`: the caller aborted.
 * - `NOT_IMPLEMENTED`: valid, but not supported here (an unknown digest algorithm, a newer store layout).
 * - `INTERNAL`: a bug, or a failure of no other class.
 */
export const codes = [
  'INVALID_ARGUMENT',
  'MALFORMED',
  'FAILED_PRECONDITION',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'IN_USE',
  'UNAVAILABLE',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
  'CANCELED',
  'NOT_IMPLEMENTED',
  'INTERNAL',
] as const

export type Code = (typeof codes)[number]

export interface DistErrorOptions {
  /** The error that led to this one. */
  cause?: unknown
  /** Whether the same call may succeed when it is retried. Default: true only for `UNAVAILABLE`. */
  retryable?: boolean | undefined
  /** Whether it is `UNAVAILABLE` only because another writer or lock holder has the object now. Default: false. */
  held?: boolean | undefined
  /** Whether the bytes written so far are lost: only a write from the start can succeed. Default: false. */
  lost?: boolean | undefined
  /** Milliseconds to wait before a retry, where the other side gives a time. */
  retryAfter?: number | undefined
  /** Digests of the blobs that the other side misses; empty where it names none. Default: it misses none. */
  lacks?: readonly string[] | undefined
  /** The host that failed, as requested: `registry-1.docker.io`, `127.0.0.1:5000`. */
  host?: string | undefined
  /** The cause without the object, so that objects that fail for the same cause have the same text. */
  because?: string | undefined
  /** Whether no request was sent because the host is paused until `retryAfter` has passed. Default: false. */
  paused?: boolean | undefined
}

/**
 * The only error class of the project. The message has the form `<object>: <what failed> (<side>): <cause>; <what to do>`.
 * Callers branch on `code` and the flags, never on the message.
 */
export class DistError extends Error {
  override readonly name = 'DistError'
  readonly code: Code
  readonly retryable: boolean
  readonly held: boolean
  readonly lost: boolean
  readonly retryAfter: number | undefined
  readonly lacks: readonly string[] | undefined
  readonly host: string | undefined
  readonly because: string | undefined
  readonly paused: boolean

  constructor(code: Code, message: string, options: DistErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? code === 'UNAVAILABLE'
    this.held = options.held ?? false
    this.lost = options.lost ?? false
    this.retryAfter = options.retryAfter
    this.lacks = options.lacks
    this.host = options.host
    this.because = options.because
    this.paused = options.paused ?? false
  }
}

/** The same error with another message. `options` replace those of the error, which becomes the cause. */
export function reword(error: DistError, message: string, options: DistErrorOptions = {}): DistError {
  const { code, retryable, held, lost, paused, retryAfter, lacks, host, because } = error
  return new DistError(code, message, {
    cause: error,
    retryable,
    held,
    lost,
    paused,
    retryAfter,
    lacks,
    host,
    because,
    ...options,
  })
}
