import { backoff, DistError, hasCode, isRetryable, reword, sleep } from '@dist/errdefs'
import { isHostWide } from '../http/errors.js'

/**
 * The client's own retries are few, because its callers retry the whole transfer, and nested retries multiply (R27).
 * Errors that concern the whole host (connection refused, time-out, requested pause) are retried by callers only.
 */
export interface RetryPolicy {
  /** Attempts for one request, after broken connections and temporary failures (408, 5xx). */
  readonly attempts: number
  /** Milliseconds before the second attempt; doubles from there. */
  readonly firstDelay: number
  /** Milliseconds. The longest delay. */
  readonly maxDelay: number
  /** Milliseconds. Caps `Retry-After`. */
  readonly maxRetryAfter: number
}

export const defaultRetry: RetryPolicy = {
  attempts: 2,
  firstDelay: 250,
  maxDelay: 15_000,
  maxRetryAfter: 900_000,
}

/** Calls until it succeeds, fails with an error that is not temporary, or the attempts are used up. Throws the last error. */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt >= policy.attempts) throw finalError(error)
      if (!isTemporary(error)) throw error
      await pauseBefore(attempt, policy, signal)
    }
  }
}

/** Whether the same request may succeed at once. */
export function isTemporary(error: unknown): boolean {
  return isRetryable(error) && !isHostWide(error) && !isLoginError(error)
}

const loginErrors = new WeakSet<DistError>()

/** Marks the error of a failed login: the authorizer has retried it already. */
export function markLoginError(error: DistError): DistError {
  loginErrors.add(error)
  return error
}

/** Whether the login failed, and not the request itself. */
export function isLoginError(error: unknown): boolean {
  return error instanceof DistError && loginErrors.has(error)
}

/** The error after the last attempt. A source that was too slow is not retried by callers: each attempt is as long (R36). */
export function finalError(error: unknown): unknown {
  if (!(error instanceof DistError) || !hasCode(error, 'DEADLINE_EXCEEDED')) return error
  return reword(error, error.message, { retryable: false })
}

/** Waits with backoff after this many failures. Rejects with `CANCELED` when the signal aborts. */
export function pauseBefore(
  failures: number,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<void> {
  return sleep(backoff(failures - 1, policy.firstDelay, policy.maxDelay), signal)
}
