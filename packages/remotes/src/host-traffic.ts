import { ByteBudget } from './adapt/byte-budget.js'
import { Pacer } from './adapt/pacer.js'
import { Traffic } from './adapt/traffic.js'
import type { HostLane, LearnedLimit, RequestClass } from './limiter.js'
import type { HostPolicy } from './policy.js'
import { Slots } from './slots.js'

export interface EnterOptions extends RequestClass {
  readonly signal: AbortSignal | undefined
  readonly lane: HostLane
  /** Slots of the lane and rates are given elsewhere, for several processes. */
  readonly shared: boolean
  /** Called after each wait. Throws if the host has been paused meanwhile. */
  check(): void
}

/** The requests to one host of this process: slots by lane, rates by class. */
export class HostTraffic {
  readonly #lanes = new Map<HostLane, Slots>()
  readonly #classes = new Map<string, { readonly about: RequestClass; readonly traffic: Traffic }>()
  readonly #pacer: Pacer
  readonly #bytes: ByteBudget | undefined

  constructor(
    private readonly host: string,
    private readonly policy: HostPolicy,
  ) {
    const { requestsPerSecond, bytesPerSecond } = policy
    this.#pacer = new Pacer(() => requestsPerSecond)
    this.#bytes = bytesPerSecond === undefined ? undefined : new ByteBudget(bytesPerSecond)
  }

  /** As `HostLimiter.takeBytes`. */
  takeBytes(bytes: number): Promise<void> | undefined {
    return this.#bytes?.take(bytes)
  }

  get idle(): boolean {
    const parts = [...this.#lanes.values(), ...[...this.#classes.values()].map(({ traffic }) => traffic)]
    return parts.every(({ idle }) => idle)
  }

  get learned(): LearnedLimit[] {
    const all = [...this.#classes.values()]
    return all.flatMap(({ about, traffic: { rate, lowered } }) =>
      rate === undefined && lowered === undefined
        ? []
        : [{ host: this.host, ...about, rate, requests: lowered }],
    )
  }

  /** Waits for the turn of a request and for its slots. Resolves to the function that frees them. */
  async enter({ signal, lane, shared, check, ...about }: EnterOptions): Promise<() => void> {
    const traffic = this.traffic(about)
    // What need not be waited for is taken in the same turn: `refuse` finds all who wait.
    const turns = shared ? [] : [() => traffic.pace(signal), () => this.#pacer.take(signal)]
    for (const turn of turns) {
      const wait = turn()
      if (wait === undefined) continue
      await wait
      check()
    }
    const entered = traffic.enter(signal)
    if (!(entered instanceof Promise)) return this.#enterLane(lane, shared, signal, entered)
    const leave = await entered
    try {
      check()
    } catch (error) {
      leave()
      throw error
    }
    return this.#enterLane(lane, shared, signal, leave)
  }

  async #enterLane(
    lane: HostLane,
    shared: boolean,
    signal: AbortSignal | undefined,
    leave: () => void,
  ): Promise<() => void> {
    const slots = this.#lane(lane)
    try {
      const free = shared ? slots.occupy() : await slots.take(signal)
      return () => {
        leave()
        free()
      }
    } catch (error) {
      leave()
      throw error
    }
  }

  traffic({ kind = 'other', account = '' }: RequestClass): Traffic {
    const name = `${kind} ${account}`
    const known = this.#classes.get(name)
    if (known !== undefined) return known.traffic
    const traffic = new Traffic(this.policy)
    this.#classes.set(name, { about: { kind, account }, traffic })
    return traffic
  }

  /** Rejects all who wait with this error. */
  refuse(error: Error): void {
    for (const slots of this.#lanes.values()) slots.refuse(error)
    for (const { traffic } of this.#classes.values()) traffic.refuse(error)
    this.#pacer.refuse(error)
  }

  #lane(lane: HostLane): Slots {
    const known = this.#lanes.get(lane) ?? new Slots(() => this.policy.requests)
    this.#lanes.set(lane, known)
    return known
  }
}
