import { setMaxListeners } from 'node:events'
import { abortError } from '@dist/errdefs'

/** Calls once the signal aborts; the function returned takes that back. For a signal that has not aborted yet. */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  // One signal ends hundreds of transfers; Node takes more than ten for a leak and warns.
  setMaxListeners(0, signal)
  signal.addEventListener('abort', call, { once: true })
  return () => signal.removeEventListener('abort', call)
}

/** Waits for something shared without ending it for the others when one gives up. */
export function abortable<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(abortError(signal))
    const done = onAbort(signal, () => reject(abortError(signal)))
    shared.then(resolve, reject).finally(done)
  })
}
