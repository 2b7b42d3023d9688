/**
 * What went wrong, as far as a caller has to tell it apart. The names are gRPC's, as in containerd's errdefs,
 * with three exceptions that are said below.
 *
 * - `INVALID_ARGUMENT`: what the user wrote cannot be right; nothing was sent anywhere.
 * - `MALFORMED`: what the other side sent cannot be right (a manifest that is no JSON, a size of -1).
 *   Ours, not gRPC's: a user's mistake and a registry's must not look alike.
 * - `FAILED_PRECONDITION`: content did not have the size or the digest that was expected, and nothing else.
 * - `NOT_FOUND`, `ALREADY_EXISTS`: as they say. `IN_USE`: something that is there needs it; ours, not gRPC's.
 * - `UNAVAILABLE`: not now; the same call may go through later.
 * - `UNAUTHENTICATED`: who you are is not known or not believed; `PERMISSION_DENIED`: it is, and you may not.
 * - `RESOURCE_EXHAUSTED`: a full disk, a quota, a cap on what we take in.
 * - `DEADLINE_EXCEEDED`: too slow. `CANCELED`: the caller gave up.
 * - `NOT_IMPLEMENTED`: legal, but not supported here (an unknown digest algorithm, a newer store layout).
 * - `INTERNAL`: everything that should not happen.
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
  /** Whether the same call may succeed when it is tried again. Default: true for `UNAVAILABLE` alone. */
  retryable?: boolean | undefined
  /** Whether it is `UNAVAILABLE` only because somebody else has it now: then waiting helps. Default: false. */
  held?: boolean | undefined
  /** Whether what was written so far is lost: only a write from the start can succeed. Default: false. */
  lost?: boolean | undefined
  /** Milliseconds to wait before a retry, where the other side said so. */
  retryAfter?: number | undefined
  /** The digests of what the other side lacks to do what it was asked; empty where it names none. Default: it says nothing of it. */
  lacks?: readonly string[] | undefined
  /** The host at the other side that failed, as it was asked: `registry-1.docker.io`, `127.0.0.1:5000`. */
  host?: string | undefined
  /** What is wrong there, without the object: the same for all that fail for the same reason. */
  because?: string | undefined
  /** Whether nothing was asked, because the host is paused until `retryAfter` has passed. Default: false. */
  paused?: boolean | undefined
}

/**
 * The one error class. The message names the object, the side that failed and, where it helps, what to do;
 * callers branch on `code` and `retryable`, never on the message.
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

/** The same error in other words, and with other options where they are given; the first one is its cause. */
export function reworded(error: DistError, message: string, options: DistErrorOptions = {}): DistError {
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
