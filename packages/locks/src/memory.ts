import { abortError, DistError, throwIfAborted } from '@dist/errdefs'
import type { AcquireOptions, Lock, Locker } from './locker.js'

interface Held {
  since: Date
  waiters: Set<() => void>
}

/** Locks within one process, first come, first served. They are never lost. */
export class MemoryLocker implements Locker {
  readonly #held = new Map<string, Held>()

  async acquire(key: string, options: AcquireOptions = {}): Promise<Lock> {
    throwIfAborted(options.signal)
    const held = this.#held.get(key)
    // A released key goes to the next waiter without becoming free, so that no later caller overtakes it.
    if (held === undefined) this.#held.set(key, { since: new Date(), waiters: new Set() })
    else await waitForTurn(key, held, options)
    return this.#lock(key)
  }

  #lock(key: string): Lock {
    let released = false
    const release = async () => {
      if (released) return
      released = true
      const held = this.#held.get(key)
      const next = held?.waiters.values().next().value
      if (held === undefined || next === undefined) this.#held.delete(key)
      else next()
    }
    return { key, signal: undefined, release, [Symbol.asyncDispose]: release }
  }
}

function waitForTurn(key: string, held: Held, { signal, wait }: AcquireOptions): Promise<void> {
  const unavailable = () =>
    new DistError('UNAVAILABLE', `${key} is locked since ${held.since.toISOString()}`, { held: true })
  if (wait === 0) return Promise.reject(unavailable())
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      held.waiters.delete(enter)
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (error !== undefined) return reject(error)
      held.since = new Date()
      resolve()
    }
    const enter = () => settle()
    const onAbort = () => settle(signal === undefined ? undefined : abortError(signal))
    const timer = wait === undefined ? undefined : setTimeout(() => settle(unavailable()), wait)
    signal?.addEventListener('abort', onAbort, { once: true })
    held.waiters.add(enter)
  })
}
