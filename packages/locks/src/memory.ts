import { abortError, DistError, throwIfAborted } from '@dist/errdefs'
import type { AcquireOptions, Lock, Locker } from './locker.js'

interface Held {
  since: Date
  waiters: Set<() => void>
}

/** Locks within one process, first come, first served. Never lost. */
export class MemoryLocker implements Locker {
  readonly #held = new Map<string, Held>()

  async acquire(key: string, options: AcquireOptions = {}): Promise<Lock> {
    throwIfAborted(options.signal)
    const held = this.#held.get(key)
    // A waiter takes the key over without its being free in between, so that no newcomer can overtake it.
    if (held === undefined) this.#held.set(key, { since: new Date(), waiters: new Set() })
    else await turn(key, held, options)
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
    return { key, signal: new AbortController().signal, release, [Symbol.asyncDispose]: release }
  }
}

function turn(key: string, held: Held, { signal, wait }: AcquireOptions): Promise<void> {
  const unavailable = () =>
    new DistError('UNAVAILABLE', `${key} is locked since ${held.since.toISOString()}`, { held: true })
  if (wait === 0) return Promise.reject(unavailable())
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      held.waiters.delete(mine)
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (error !== undefined) return reject(error)
      held.since = new Date()
      resolve()
    }
    const mine = () => settle()
    const onAbort = () => settle(signal === undefined ? undefined : abortError(signal))
    const timer = wait === undefined ? undefined : setTimeout(() => settle(unavailable()), wait)
    signal?.addEventListener('abort', onAbort, { once: true })
    held.waiters.add(mine)
  })
}
