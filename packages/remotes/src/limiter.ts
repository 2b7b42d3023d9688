import { setMaxListeners } from 'node:events'
import { abortError, throwIfAborted } from '@dist/errdefs'

/** A permission to have one request under way at a host. `release` it when the body has been read. */
export interface Permit {
  release(): void
}

/**
 * Keeps a host from being asked too much: a bound on requests in flight, and a pause for everybody when it
 * answers 429 or 503. Shared by all who talk to the host.
 */
export interface HostLimiter {
  /** Waits for a place, and for a pause to end. `CANCELED` through the signal. */
  acquire(host: string, options?: { signal?: AbortSignal }): Promise<Permit>
  /** Nobody asks this host again before `milliseconds` have passed. */
  pause(host: string, milliseconds: number): Promise<void>
}

export interface HostLimiterOptions {
  /** Requests in flight at one host. Default: 8. */
  perHost?: number
}

/** A limiter for those in this process. Places are given first come, first served. */
export function createHostLimiter({ perHost = 8 }: HostLimiterOptions = {}): HostLimiter {
  const gates = new Map<string, Gate>()
  const gateOf = (host: string) => {
    const gate = gates.get(host) ?? new Gate(perHost, () => gates.delete(host))
    gates.set(host, gate)
    return gate
  }
  return {
    acquire: async (host, { signal } = {}) => {
      throwIfAborted(signal)
      return gateOf(host).acquire(signal)
    },
    pause: async (host, milliseconds) => gateOf(host).pause(milliseconds),
  }
}

class Gate {
  readonly #waiting = new Set<() => void>()
  #inFlight = 0
  #pausedUntil = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly places: number,
    private readonly onIdle: () => void,
  ) {}

  acquire(signal: AbortSignal | undefined): Promise<Permit> | Permit {
    if (this.#inFlight < this.places && this.#waiting.size === 0 && !this.#paused()) return this.#admit()
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve(this.#admit())
      }
      const giveUp = () => {
        this.#waiting.delete(enter)
        if (signal !== undefined) reject(abortError(signal))
        this.#next()
      }
      // One signal ends hundreds of waits; Node takes more than ten for a leak and warns.
      if (signal !== undefined) setMaxListeners(0, signal)
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.add(enter)
      this.#next()
    })
  }

  pause(milliseconds: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + milliseconds)
    this.#next()
  }

  #paused(): boolean {
    return performance.now() < this.#pausedUntil
  }

  #admit(): Permit {
    this.#inFlight++
    let released = false
    const release = () => {
      if (released) return
      released = true
      this.#inFlight--
      this.#next()
    }
    return { release }
  }

  #next(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.size > 0 && this.#paused()) {
      // Longer delays overflow the timer, which would then fire at once; it looks again when it does.
      const wait = Math.min(this.#pausedUntil - performance.now() + 1, 0x7fffffff)
      this.#timer = setTimeout(() => this.#next(), wait)
      return
    }
    for (const enter of this.#waiting) {
      if (this.#inFlight >= this.places) return
      this.#waiting.delete(enter)
      enter()
    }
    if (this.#inFlight === 0 && !this.#paused()) this.onIdle()
  }
}
