import { abortError, backoff, throwIfAborted } from '@dist/errdefs'
import { pausedHostError, type SharedTrouble } from '@dist/remotes'
import type { Redis } from 'ioredis'
import type { Breaker } from './breaker.js'
import { cancelProbe, renewPermits, requestPermits, type Turns } from './scripts.js'

interface GateOptions {
  /** Of the host, over all processes. */
  readonly slots: number
  /** Requests per second of the whole host. Undefined: no bound. */
  readonly most: number | undefined
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
  readonly pace: string
  readonly next: string
}

/** What each request for permits shows of the host. */
interface GateEvents {
  onTrouble(trouble: SharedTrouble): void
  onHealthy(): void
  /** This process is to raise the rate. */
  onGrow(read: NonNullable<Turns['grows']>): void
}

/** What the classes of requests in one lane of a host share in this process. */
export class LaneShare {
  /** Permits that are held. */
  held = 0
  readonly gates = new Set<Gate>()

  /** A slot has become free. */
  freed(): void {
    for (const gate of this.gates) gate.wake()
  }
}

interface Waiter {
  admit(probes: boolean): void
  refuse(error: Error): void
  /** Has a permit whose time has not come. */
  granted: boolean
}

const firstDelayMs = 10
const longestDelayMs = 250
/** Milliseconds without a request after which a process waits no more: twice the longest delay. */
const waiterLease = 500
/** Milliseconds after which a process that waits has a slot reserved. */
const starving = 500
/** Milliseconds. An earlier permit is used at once. */
const soon = 2

/**
 * One class of requests to a host in this process. One command at a time asks for all that wait here, so that the number of
 * commands depends on processes, not on requests. While Redis is away all are admitted.
 */
export class Gate {
  readonly #held = new Set<string>()
  readonly #waiting = new Map<string, Waiter>()
  /** The permit of the request that probes whether the host is back. */
  #probing: string | undefined
  #running = false
  /** Whether a slot of this process became free since the last command. */
  #freed = false
  /** Asking earlier brings no paced permit; by the monotonic clock. */
  #notBefore = 0
  #wake: () => void = () => {}

  constructor(
    private readonly redis: Redis,
    private readonly keys: GateKeys,
    private readonly breaker: Breaker,
    private readonly options: GateOptions,
    private readonly host: string,
    private readonly lane: LaneShare,
    private readonly events: GateEvents,
  ) {
    lane.gates.add(this)
  }

  get idle(): boolean {
    return this.#held.size === 0 && this.#waiting.size === 0
  }

  /** Leaves the lane. The gate must be idle. */
  close(): void {
    this.lane.gates.delete(this)
  }

  /** Waits for a permit with this id; resolves to whether it probes. `CANCELED` through the signal, or `pausedHostError`. */
  async enter(id: string, signal: AbortSignal | undefined): Promise<boolean> {
    throwIfAborted(signal)
    if (!this.breaker.away) return this.#wait(id, signal)
    this.#hold(id)
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
        if (signal !== undefined) waiter.refuse(abortError(signal))
      }
      const waiter: Waiter = {
        granted: false,
        admit: (probes) => {
          end()
          resolve(probes)
        },
        refuse: (error) => {
          end()
          if (waiter.granted) this.#giveBack(id)
          reject(error)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.set(id, waiter)
      if (!this.#running) void this.#run()
    })
  }

  leave(id: string): void {
    this.#giveBack(id)
    if (this.#probing === id) this.#cancelProbe(id)
    this.lane.freed()
  }

  /** Lets a wait for a slot end: one has become free. */
  wake(): void {
    this.#freed = true
    this.#wake()
  }

  #hold(id: string): void {
    this.#held.add(id)
    this.lane.held++
  }

  #giveBack(id: string): void {
    if (!this.#held.delete(id)) return
    this.lane.held--
    // While Redis is away the permit expires there; commands would pile up in the client.
    if (!this.breaker.away) this.#drop([id])
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
    for (let attempt = 0; ; attempt++) {
      await this.#pause(this.#notBefore - performance.now())
      const asked = this.#ungranted().slice(0, this.options.slots)
      if (asked.length === 0) break
      this.#freed = false
      const { granted, probes, trouble, turns } = await this.#request(asked)
      this.#grant(asked.slice(0, granted), probes, turns)
      if (trouble !== undefined) this.#refuseAll(trouble)
      if (granted > 0) attempt = 0
      // A free slot cannot be used before the turn of the next request.
      const lacksSlots = granted < asked.length && (turns?.wait ?? 0) <= 0
      if (lacksSlots && this.#ungranted().length > 0 && !this.#freed)
        await this.#sleep(backoff(attempt, firstDelayMs, longestDelayMs))
    }
    this.#running = false
  }

  #ungranted(): string[] {
    return [...this.#waiting].flatMap(([id, { granted }]) => (granted ? [] : [id]))
  }

  #grant(ids: readonly string[], probes: boolean, turns: Turns | undefined): void {
    const { first, interval, wait } = turns ?? { first: 0, interval: 0, wait: 0 }
    this.#notBefore = turns === undefined ? 0 : performance.now() + wait
    for (const [i, id] of ids.entries()) {
      const waiter = this.#waiting.get(id)
      if (waiter === undefined) continue
      this.#hold(id)
      waiter.granted = true
      const delay = first + i * interval
      if (delay <= soon) waiter.admit(probes)
      else setTimeout(() => this.#waiting.get(id)?.admit(probes), delay)
    }
  }

  #refuseAll({ because, left }: SharedTrouble): void {
    for (const { refuse } of this.#waiting.values()) refuse(pausedHostError(this.host, because, left))
  }

  async #request(ids: readonly string[]) {
    const { slots, most = 0, lease, process, firstProbe } = this.options
    const args = { slots, most, lease, waiterLease, starving, process, held: this.lane.held, firstProbe }
    const reply = await this.breaker.ask('requesting a permit', async () => {
      const granted = await requestPermits(this.redis, this.keys, args, { args: ids })
      this.#dropStale(ids)
      return granted
    })
    if (reply === undefined)
      return { granted: ids.length, probes: false, trouble: undefined, turns: undefined }
    if (reply.trouble === undefined) this.events.onHealthy()
    // The probe itself must not be refused because of the known trouble.
    else if (!reply.probes) this.events.onTrouble(reply.trouble)
    if (reply.turns?.grows !== undefined) this.events.onGrow(reply.turns.grows)
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

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (milliseconds <= 0) resolve()
      else setTimeout(resolve, milliseconds)
    })
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
