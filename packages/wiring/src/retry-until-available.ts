import { backoff, isRetryable, sleep, throwIfAborted, unlessAborted } from '@dist/errdefs'

export interface RetryOptions {
  signal?: AbortSignal | undefined
  /** The last error is thrown after this time. Default: no limit. */
  timeoutMs?: number | undefined
  /** Called with each error that is retried. */
  onUnavailable?: ((error: unknown) => void) | undefined
}

const firstPauseMs = 100
const maxPauseMs = 1_000

/**
 * Calls `open` until it succeeds, with pauses of up to 1 s. `leftMs` is the time until the timeout. Throws an error that a
 * retry does not help, the last error after the timeout, and `CANCELED` through the signal, also while an attempt hangs.
 */
export async function retryUntilAvailable<T>(
  open: (leftMs: number) => Promise<T>,
  { signal, timeoutMs = Number.POSITIVE_INFINITY, onUnavailable }: RetryOptions = {},
): Promise<T> {
  const end = performance.now() + timeoutMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await unlessAborted(open(end - performance.now()), signal)
    } catch (error) {
      throwIfAborted(signal)
      const pause = backoff(attempt, firstPauseMs, maxPauseMs)
      if (!isRetryable(error) || performance.now() + pause >= end) throw error
      onUnavailable?.(error)
      await sleep(pause, signal)
    }
  }
}
