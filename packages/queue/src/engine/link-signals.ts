import { setMaxListeners } from 'node:events'

/** A signal that aborts with the first of its sources, until it is disposed. */
interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal
}

/** Unlike `AbortSignal.any`, it leaves no listener on sources that live much longer than a job. */
export function linkSignals(...sources: readonly AbortSignal[]): LinkedSignal {
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
