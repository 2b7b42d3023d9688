import { setMaxListeners } from 'node:events'
import { onAbort } from './on-abort.js'

/** A signal that aborts with the first of its sources, until it is disposed. */
export interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal
  /** Aborts the signal, and none of its sources. */
  abort(reason: unknown): void
}

/**
 * Unlike `AbortSignal.any`, it leaves nothing behind that grows on sources that live much longer. Its memory is free as soon
 * as it is disposed.
 */
export function linkSignals(...sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const unlisten: (() => void)[] = []
  for (const source of sources) {
    if (source?.aborted) controller.abort(source.reason)
    else if (source !== undefined) unlisten.push(onAbort(source, () => controller.abort(source.reason)))
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => {
      for (const each of unlisten) each()
    },
  }
}
