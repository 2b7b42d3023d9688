import { setMaxListeners } from 'node:events'

interface Waiting {
  call: (() => void) | undefined
}

const waiting = new WeakMap<AbortSignal, Set<Waiting>>()

/**
 * Calls `call` once when the signal aborts; it must not throw. Returns a function that takes it back. The signal must not be
 * aborted.
 *
 * A signal has one listener for all calls, and what is taken back is let go of. A removed listener still points to those that
 * were added before and after it: once an old one is garbage, the collector keeps all that the later ones point to until it
 * collects old memory, which is rare. One signal for many images would make all of their garbage old.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const calls = waiting.get(signal) ?? listen(signal)
  const mine: Waiting = { call }
  calls.add(mine)
  return () => {
    calls.delete(mine)
    // The set may still point to it, as a listener would.
    mine.call = undefined
  }
}

function listen(signal: AbortSignal): Set<Waiting> {
  const calls = new Set<Waiting>()
  waiting.set(signal, calls)
  // Others may listen, too, and one signal ends hundreds of transfers: Node warns of a leak above ten listeners.
  setMaxListeners(0, signal)
  const callAll = () => {
    for (const { call } of calls) call?.()
    calls.clear()
  }
  signal.addEventListener('abort', callAll, { once: true })
  return calls
}
