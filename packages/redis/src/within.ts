import { abortError } from '@dist/errdefs'

/**
 * The answer of Redis. Rejects with an error for `redisError` when there is none within `timeoutMs`, and as the signal
 * aborts. A client keeps its commands while Redis is away: Redis may carry them out after the timeout.
 */
export function within<T>(answer: Promise<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (go: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      go()
    }
    const onTimeout = () =>
      settle(() => reject(new Error(`no answer within ${Math.round(timeoutMs) / 1000} s`)))
    const timer = setTimeout(onTimeout, timeoutMs)
    const onAbort = () => settle(() => reject(signal && abortError(signal)))
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    answer.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
