import { abortError } from '@dist/errdefs'

/**
 * The answer of Redis, or an error (for `redisError` to name) when it does not come within `patience` milliseconds,
 * or what the signal says. A client waits for a Redis that is away: what was asked may still be carried out later.
 */
export function within<T>(answer: Promise<T>, patience: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (go: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      go()
    }
    const late = () => settle(() => reject(new Error(`no answer within ${Math.round(patience) / 1000} s`)))
    const timer = setTimeout(late, patience)
    const aborted = () => settle(() => reject(signal && abortError(signal)))
    signal?.addEventListener('abort', aborted, { once: true })
    if (signal?.aborted) aborted()
    answer.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
