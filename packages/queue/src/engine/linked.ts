import { setMaxListeners } from 'node:events'

/** A signal that aborts with the first of several, until it is disposed of. */
export interface Linked extends Disposable {
  readonly signal: AbortSignal
}

/** Unlike `AbortSignal.any`, it leaves nothing behind in signals that live much longer than a job. */
export function linked(...sources: readonly AbortSignal[]): Linked {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const abort = () => controller.abort(sources.find(({ aborted }) => aborted)?.reason)
  for (const source of sources) {
    if (source.aborted) abort()
    source.addEventListener('abort', abort, { once: true })
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const source of sources) source.removeEventListener('abort', abort)
    },
  }
}
