import { setTimeout as sleep } from 'node:timers/promises'
import { abortError, backoff, isRetryable } from '@dist/errdefs'

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number
  /** Milliseconds before the second try; doubles from there. */
  readonly firstDelay: number
  /** Milliseconds that a delay never exceeds. */
  readonly maxDelay: number
  /** Milliseconds that are waited at most where a host says `Retry-After`. */
  readonly maxRetryAfter: number
}

export const defaultRetry: RetryPolicy = {
  attempts: 5,
  firstDelay: 500,
  maxDelay: 15_000,
  maxRetryAfter: 60_000,
}

/** Calls until it succeeds, the error is final, or the attempts are used up; then throws the last error. */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (!isRetryable(error) || attempt >= policy.attempts) throw error
      await pauseBefore(attempt, policy, signal)
    }
  }
}

/** Waits as long as is right after this many failures. `CANCELED` through the signal. */
export async function pauseBefore(
  failures: number,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<void> {
  const delay = backoff(failures - 1, policy.firstDelay, policy.maxDelay)
  try {
    await sleep(delay, undefined, signal === undefined ? {} : { signal })
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
