import { abortError, backoff, throwIfAborted } from '@dist/errdefs'
import { pausedHostError, type SharedTrouble } from '@dist/remotes'
import type { Script } from '../script.js'
import type { Breaker } from './breaker.js'

export interface GateCommands {
  readonly enter: Script
  readonly renew: Script
  readonly unprobe: Script
  leave(key: string, ids: readonly string[]): Promise<unknown>
}

export interface GateOptions {
  readonly places: number
  /** Milliseconds. */
  readonly lease: number
  /** This process, among those that share the host. */
  readonly process: string
  /** Milliseconds after which whoever does not find out may ask again. */
  readonly firstProbe: number
}

export interface GateKeys {
  readonly permits: string
  readonly waitingSince: string
  readonly waitingUntil: string
  readonly trouble: string
  readonly answered: string
}

/** What the process is told of the host, whenever it asks. */
export interface GateEvents {
  onTrouble(trouble: SharedTrouble): void
  onHealthy(): void
}

interface Waiter {
  admit(probes: boolean): void
  refuse(error: Error): void
}

const firstDelay = 10
const longestDelay = 250
/** Milliseconds after which a process that does not come again waits no more: twice the longest delay. */
const waiterLease = 500
/** Milliseconds after which a process that waits has a place reserved. */
const starving = 500

/**
 * One lane of a host as this process sees it. All who wait here are spoken for in one question at a time, so that the
 * number of questions depends on processes, not on requests. While Redis is away everybody passes.
 */
export class Gate {
  readonly #held = new Set<string>()
  readonly #waiting = new Map<string, Waiter>()
  /** The permit of the request that finds out whether the host is back. */
  #probing: string | undefined
  #running = false
  /** Whether a place of this process has become free since the last question. */
  #freed = false
  #wake: () => void = () => {}

  constructor(
    private readonly keys: GateKeys,
    private readonly breaker: Breaker,
    private readonly commands: GateCommands,
    private readonly options: GateOptions,
    private readonly host: string,
    private readonly events: GateEvents,
  ) {}

  get idle(): boolean {
    return this.#held.size === 0 && this.#waiting.size === 0
  }

  /** Waits for a permit of this id; resolves to whether it probes. `CANCELED` through the signal, or `hostPaused`. */
  async enter(id: string, signal: AbortSignal | undefined): Promise<boolean> {
    throwIfAborted(signal)
    if (!this.breaker.away) return this.#wait(id, signal)
    this.#held.add(id)
    void this.renew()
    return false
  }

  #wait(id: string, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal?.removeEventListener('abort', giveUp)
        this.#waiting.delete(id)
      }
      const giveUp = () => {
        leave()
        if (signal !== undefined) reject(abortError(signal))
      }
      const admit = (probes: boolean) => {
        leave()
        this.#held.add(id)
        resolve(probes)
      }
      const refuse = (error: Error) => {
        leave()
        reject(error)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.set(id, { admit, refuse })
      if (!this.#running) void this.#run()
    })
  }

  leave(id: string): void {
    this.#held.delete(id)
    // What is not said while Redis is away expires there; said, it would pile up in the client.
    if (!this.breaker.away) this.#drop([id])
    if (this.#probing === id) this.#unprobe(id)
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
      const { granted, probes, trouble } = await this.#ask(asked)
      for (const id of asked.slice(0, granted)) this.#waiting.get(id)?.admit(probes)
      if (trouble !== undefined) this.#refuse(trouble)
      if (granted > 0) attempt = 0
      if (this.#waiting.size > 0 && granted < asked.length && !this.#freed)
        await this.#sleep(backoff(attempt, firstDelay, longestDelay))
    }
    this.#running = false
  }

  #refuse({ because, left }: SharedTrouble): void {
    for (const { refuse } of this.#waiting.values()) refuse(pausedHostError(this.host, because, left))
  }

  async #ask(ids: readonly string[]): Promise<Answer> {
    const { places, lease, process, firstProbe } = this.options
    const { permits, waitingSince, waitingUntil, trouble, answered } = this.keys
    const told = await this.breaker.ask('asking for a permit', () =>
      this.#about(
        ids,
        this.commands.enter(
          [permits, waitingSince, waitingUntil, trouble, answered],
          [places, lease, waiterLease, starving, process, this.#held.size, firstProbe, ...ids],
        ),
      ),
    )
    if (!Array.isArray(told)) return { granted: ids.length, probes: false }
    const answer = answerOf(told)
    if (answer.trouble === undefined) this.events.onHealthy()
    // Whoever finds out is not to be kept from it by what is known already.
    else if (!answer.probes) this.events.onTrouble(answer.trouble)
    if (answer.probes) this.#probes(ids[0] ?? '')
    return answer
  }

  #probes(id: string): void {
    this.#probing = id
    if (!this.#waiting.has(id)) this.#unprobe(id)
  }

  /** Leaves it to the next to find out, if it was not told how this one went. */
  #unprobe(id: string): void {
    this.#probing = undefined
    if (!this.breaker.away) this.commands.unprobe([this.keys.trouble], [id]).catch(() => {})
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
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

interface Answer {
  readonly granted: number
  readonly probes: boolean
  /** What is wrong with the host: nobody else gets a permit. */
  readonly trouble?: SharedTrouble | undefined
}

function answerOf([granted, left, ago, because, answered, probes]: unknown[]): Answer {
  if (left === undefined) return { granted: Number(granted), probes: false }
  const trouble = {
    because: String(because),
    left: Number(left),
    since: Date.now() - Number(ago),
    answered: Number(answered) === 1,
  }
  return { granted: Number(granted), probes: Number(probes) === 1, trouble }
}
