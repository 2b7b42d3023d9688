import { abortError, backoff, throwIfAborted } from '@dist/errdefs'
import { pausedHostError, type SharedTrouble } from '@dist/remotes'
import type { Redis } from 'ioredis'
import type { Breaker } from './breaker.js'
import { cancelProbe, renewPermits, requestPermits } from './scripts.js'

interface GateOptions {
  /** Of the host, over all processes. */
  readonly slots: number
  /** Milliseconds. */
  readonly lease: number
  /** The id of this process among those that share the host. */
  readonly process: string
  /** Milliseconds that the other requests wait for the result of a probe. */
  readonly firstProbe: number
}

interface GateKeys {
  readonly permits: string
  readonly waitingSince: string
  readonly waitingUntil: string
  readonly trouble: string
  readonly answered: string
}

/** What each request for permits shows of the host. */
interface GateEvents {
  onTrouble(trouble: SharedTrouble): void
  onHealthy(): void
}

interface Waiter {
  admit(probes: boolean): void
  refuse(error: Error): void
}

const firstDelayMs = 10
const longestDelayMs = 250
/** Milliseconds without a request after which a process waits no more: twice the longest delay. */
const waiterLease = 500
/** Milliseconds after which a process that waits has a slot reserved. */
const starving = 500

/**
 * One lane of a host in this process. One command at a time asks for all that wait here, so that the number of commands
 * depends on processes, not on requests. While Redis is away all are admitted.
 */
export class Gate {
  readonly #held = new Set<string>()
  readonly #waiting = new Map<string, Waiter>()
  /** The permit of the request that probes whether the host is back. */
  #probing: string | undefined
  #running = false
  /** Whether a slot of this process became free since the last command. */
  #freed = false
  #wake: () => void = () => {}

  constructor(
    private readonly redis: Redis,
    private readonly keys: GateKeys,
    private readonly breaker: Breaker,
    private readonly options: GateOptions,
    private readonly host: string,
    private readonly events: GateEvents,
  ) {}

  get idle(): boolean {
    return this.#held.size === 0 && this.#waiting.size === 0
  }

  /** Waits for a permit with this id; resolves to whether it probes. `CANCELED` through the signal, or `pausedHostError`. */
  async enter(id: string, signal: AbortSignal | undefined): Promise<boolean> {
    throwIfAborted(signal)
    if (!this.breaker.away) return this.#wait(id, signal)
    this.#held.add(id)
    void this.renew()
    return false
  }

  #wait(id: string, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = () => {
        signal?.removeEventListener('abort', onAbort)
        this.#waiting.delete(id)
      }
      const onAbort = () => {
        end()
        if (signal !== undefined) reject(abortError(signal))
      }
      const admit = (probes: boolean) => {
        end()
        this.#held.add(id)
        resolve(probes)
      }
      const refuse = (error: Error) => {
        end()
        reject(error)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.set(id, { admit, refuse })
      if (!this.#running) void this.#run()
    })
  }

  leave(id: string): void {
    this.#held.delete(id)
    // While Redis is away the permit expires there; commands would pile up in the client.
    if (!this.breaker.away) this.#drop([id])
    if (this.#probing === id) this.#cancelProbe(id)
    this.#freed = true
    this.#wake()
  }

  /** Extends the permits that are held. A Redis that was away learns of them by this, too. */
  async renew(): Promise<void> {
    const ids = [...this.#held]
    if (ids.length === 0 || !this.breaker.mayAsk()) return
    const { permits } = this.keys
    await this.breaker.ask('renewing permits', async () => {
      await renewPermits(this.redis, { permits }, { lease: this.options.lease }, { args: ids })
      this.#dropStale(ids)
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let attempt = 0; this.#waiting.size > 0; attempt++) {
      const asked = [...this.#waiting.keys()].slice(0, this.options.slots)
      this.#freed = false
      const { granted, probes, trouble } = await this.#request(asked)
      for (const id of asked.slice(0, granted)) this.#waiting.get(id)?.admit(probes)
      if (trouble !== undefined) this.#refuseAll(trouble)
      if (granted > 0) attempt = 0
      if (this.#waiting.size > 0 && granted < asked.length && !this.#freed)
        await this.#sleep(backoff(attempt, firstDelayMs, longestDelayMs))
    }
    this.#running = false
  }

  #refuseAll({ because, left }: SharedTrouble): void {
    for (const { refuse } of this.#waiting.values()) refuse(pausedHostError(this.host, because, left))
  }

  async #request(ids: readonly string[]) {
    const { slots, lease, process, firstProbe } = this.options
    const args = { slots, lease, waiterLease, starving, process, held: this.#held.size, firstProbe }
    const reply = await this.breaker.ask('requesting a permit', async () => {
      const granted = await requestPermits(this.redis, this.keys, args, { args: ids })
      this.#dropStale(ids)
      return granted
    })
    if (reply === undefined) return { granted: ids.length, probes: false, trouble: undefined }
    if (reply.trouble === undefined) this.events.onHealthy()
    // The probe itself must not be refused because of the known trouble.
    else if (!reply.probes) this.events.onTrouble(reply.trouble)
    if (reply.probes) this.#startProbe(ids[0] ?? '')
    return reply
  }

  #startProbe(id: string): void {
    this.#probing = id
    if (!this.#waiting.has(id)) this.#cancelProbe(id)
  }

  /** Lets the next request probe, unless the result of this one was reported. */
  #cancelProbe(id: string): void {
    this.#probing = undefined
    if (this.breaker.away) return
    cancelProbe(this.redis, { trouble: this.keys.trouble }, { permit: id }).catch(() => {})
  }

  /** Redis may carry a command out after its permits were given up or given back: they are removed again. */
  #dropStale(ids: readonly string[]): void {
    const stale = ids.filter((id) => !this.#held.has(id) && !this.#waiting.has(id))
    if (stale.length > 0) this.#drop(stale)
  }

  #drop(ids: readonly string[]): void {
    this.redis.zrem(this.keys.permits, ...ids).catch(() => {})
  }

  /** Ends early when a slot of this process becomes free. */
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
