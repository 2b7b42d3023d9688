import { abortError, backoff, jittered, throwIfAborted } from '@dist/errdefs'
import type { Script } from '../script.js'
import type { Breaker } from './breaker.js'

export interface GateCommands {
  readonly enter: Script
  readonly renew: Script
  leave(key: string, ids: readonly string[]): Promise<unknown>
}

export interface GateOptions {
  readonly places: number
  /** Milliseconds. */
  readonly lease: number
  /** This process, among those that share the host. */
  readonly process: string
}

export interface GateKeys {
  readonly permits: string
  readonly waitingSince: string
  readonly waitingUntil: string
  readonly pause: string
}

const firstDelay = 10
const longestDelay = 250
/** Milliseconds after which a process that does not come again waits no more: twice the longest delay. */
const waiterLease = 500
/** Milliseconds after which a process that waits has a place reserved. */
const starving = 500
const longestTimer = 0x7fffffff

/**
 * One host as this process sees it. All who wait here are spoken for in one question at a time, so that the number of
 * questions depends on processes, not on requests. While Redis is away everybody passes.
 */
export class Gate {
  readonly #held = new Set<string>()
  readonly #waiting = new Map<string, () => void>()
  #running = false
  /** Whether a place of this process has become free since the last question. */
  #freed = false
  #wake: () => void = () => {}

  constructor(
    private readonly keys: GateKeys,
    private readonly breaker: Breaker,
    private readonly commands: GateCommands,
    private readonly options: GateOptions,
    /** Is told how long a pause that somebody else has called still lasts, in milliseconds. */
    private readonly onPause: (milliseconds: number) => void,
  ) {}

  get idle(): boolean {
    return this.#held.size === 0 && this.#waiting.size === 0
  }

  /** Waits for a permit of this id. `CANCELED` through the signal. */
  async enter(id: string, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal)
    if (!this.breaker.away) return this.#wait(id, signal)
    this.#held.add(id)
    void this.renew()
  }

  #wait(id: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(id)
        if (signal !== undefined) reject(abortError(signal))
      }
      const admit = () => {
        signal?.removeEventListener('abort', giveUp)
        this.#waiting.delete(id)
        this.#held.add(id)
        resolve()
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.set(id, admit)
      if (!this.#running) void this.#run()
    })
  }

  leave(id: string): void {
    this.#held.delete(id)
    // What is not said while Redis is away expires there; said, it would pile up in the client.
    if (!this.breaker.away) this.#drop([id])
    this.#freed = true
    this.#wake()
  }

  /** Extends the permits that are held. Also how a Redis that was away learns of them. */
  async renew(): Promise<void> {
    const ids = [...this.#held]
    if (ids.length === 0 || !this.breaker.mayAsk()) return
    await this.breaker.ask('renewing permits', () =>
      this.#about(ids, this.commands.renew([this.keys.permits], [this.options.lease, ...ids])),
    )
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let attempt = 0; this.#waiting.size > 0; attempt++) {
      const asked = [...this.#waiting.keys()].slice(0, this.options.places)
      this.#freed = false
      const { granted, pause } = await this.#ask(asked)
      for (const id of asked.slice(0, granted)) this.#waiting.get(id)?.()
      if (granted > 0) attempt = 0
      if (granted < asked.length && !(this.#freed && pause === 0))
        await this.#sleep(pause > 0 ? pause + jittered(5) : backoff(attempt, firstDelay, longestDelay))
    }
    this.#running = false
  }

  async #ask(ids: readonly string[]): Promise<{ granted: number; pause: number }> {
    const { places, lease, process } = this.options
    const { permits, waitingSince, waitingUntil, pause } = this.keys
    const answer = await this.breaker.ask('asking for a permit', () =>
      this.#about(
        ids,
        this.commands.enter(
          [permits, waitingSince, waitingUntil, pause],
          [places, lease, waiterLease, starving, process, this.#held.size, ...ids],
        ),
      ),
    )
    if (!Array.isArray(answer)) return { granted: ids.length, pause: 0 }
    const [granted, paused] = answer.map(Number)
    if (paused) this.onPause(paused)
    return { granted: granted ?? 0, pause: paused ?? 0 }
  }

  /** A question about permits may be carried out after they were given up, or given back: then they go again. */
  async #about(ids: readonly string[], answer: Promise<unknown>): Promise<unknown> {
    const value = await answer
    const stale = ids.filter((id) => !this.#held.has(id) && !this.#waiting.has(id))
    if (stale.length > 0) this.#drop(stale)
    return value
  }

  #drop(ids: readonly string[]): void {
    this.commands.leave(this.keys.permits, ids).catch(() => {})
  }

  /** Until the time is over, or a place of this process becomes free. */
  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(milliseconds, longestTimer))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
