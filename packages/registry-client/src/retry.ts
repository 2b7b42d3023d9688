import { setTimeout as sleep } from 'node:timers/promises'
import { abortError, backoff, DistError, hasCode, isRetryable, reword } from '@dist/errdefs'
import { isOfHost } from './http/errors.js'

/**
 * What the client itself tries again: little, because whoever uses it tries the whole again, and retries of retries
 * multiply. What holds for the whole host (it refuses, does not answer, wants a pause) is for the caller alone.
 */
export interface RetryPolicy {
  /** Tries of one request in all, where its connection broke or the answer was a passing failure (408, 5xx). */
  readonly attempts: number
  /** Milliseconds before the second try; doubles from there. */
  readonly firstDelay: number
  /** Milliseconds that a delay never exceeds. */
  readonly maxDelay: number
  /** The longest `Retry-After` that is believed, in milliseconds. */
  readonly maxRetryAfter: number
}

export const defaultRetry: RetryPolicy = {
  attempts: 2,
  firstDelay: 250,
  maxDelay: 15_000,
  maxRetryAfter: 900_000,
}

/** Calls until it succeeds, a further try is not the client's, or the attempts are used up; then throws the last error. */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt >= policy.attempts) throw lastTry(error)
      if (!isPassing(error)) throw error
      await pauseBefore(attempt, policy, signal)
    }
  }
}

/** Whether the same request, put again at once, may well succeed. */
export function isPassing(error: unknown): boolean {
  return isRetryable(error) && !isOfHost(error) && !isOfLogin(error)
}

const ofLogin = new WeakSet<DistError>()

/** Marks the error of a request that could not sign in: what that needs was tried again already. */
export function loginFailed(error: DistError): DistError {
  ofLogin.add(error)
  return error
}

/** Whether signing in failed, and not the request itself. */
export function isOfLogin(error: unknown): boolean {
  return error instanceof DistError && ofLogin.has(error)
}

/** A source that was too slow twice would make every further attempt as long: it fails for good. */
export function lastTry(error: unknown): unknown {
  if (!(error instanceof DistError) || !hasCode(error, 'DEADLINE_EXCEEDED')) return error
  return reword(error, error.message, { retryable: false })
}

/** Waits as long as is right after this many failures. `CANCELED` through the signal. */
export async function pauseBefore(
  failures: number,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<void> {
  const delay = backoff(failures - 1, policy.firstDelay, policy.maxDelay)
  try {
    await sleep(delay, undefined, { signal })
  } catch (error) {
    throw signal === undefined ? error : abortError(signal)
  }
}

/**
 * Milliseconds that a `Retry-After` asks for: seconds or an HTTP date (RFC 9110, 10.2.3), capped, since a host may
 * ask for years. Undefined for what is neither, or lies in the past.
 */
export function retryAfter(value: string | undefined, cap: number, now = Date.now()): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : dateOf(text) - now
  return milliseconds > 0 ? Math.min(milliseconds, cap) : undefined
}

// `Date.parse` takes far more than HTTP's dates: "-5" is a year to it.
function dateOf(text: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN
}
