import { onAbort } from './on-abort.js'
import { abortError } from './predicates.js'

/** Resolves after `milliseconds`. Rejects with `abortError` as soon as the signal aborts. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal))
    const timer = setTimeout(() => {
      unlisten?.()
      resolve()
    }, milliseconds)
    const unlisten =
      signal &&
      onAbort(signal, () => {
        clearTimeout(timer)
        reject(abortError(signal))
      })
  })
}

/**
 * Settles as the promise does. Rejects with `abortError` as soon as the signal aborts; the outcome of the promise is then
 * ignored.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const unlisten = signal.aborted ? undefined : onAbort(signal, () => reject(abortError(signal)))
    promise.then(resolve, reject).finally(() => unlisten?.())
    if (signal.aborted) reject(abortError(signal))
  })
}
