/** The work that waits for one host. */
export class Lane<T> {
  readonly ready: T[] = []
  running = 0
  /** Whether the host has answered since the run started. */
  proven = false

  constructor(readonly slots: Slots) {}
}

export interface Slots {
  /** Works of one host that run at the same time. */
  readonly perHost: number
  /** Works of all hosts that have answered, up to which this host may take a slot. */
  readonly total: number
  /** Hosts that have not answered and are tried at the same time. */
  readonly trials: number
}

/**
 * The slots for a number of requests to one host. Twice as many works keep them in flight, because a work also reads and
 * writes. With four times the slots of a host, other hosts can work while four are slow.
 */
export function slotsFor(requests: number): Slots {
  const perHost = 2 * requests
  return { perHost, total: Math.max(64, 4 * perHost), trials: 256 }
}

/**
 * Assigns slots to work. Hosts take turns. A host that has not answered runs one work as a trial, which needs no slot. Unlike
 * p-limit it has several queues, an order among them, and slots of two kinds.
 */
export class Lanes<T extends { readonly lane: Lane<T> }> {
  readonly #lanes = new Map<string, Lane<T>>()
  /** Lanes with work that is ready, in the order of their turns. */
  readonly #turns = new Set<Lane<T>>()
  readonly #slots = new Map<T, 'slot' | 'trial'>()
  readonly #onLeft = new Map<T, () => void>()
  #taken = 0
  #trials = 0

  constructor(
    /** Starts work, which has to end with `leave`. `answered` has to be called when its host has answered. */
    private readonly start: (work: T, answered: () => void) => void,
    private readonly slotsOf: (host: string) => Slots,
  ) {}

  of(host: string): Lane<T> {
    const lane = this.#lanes.get(host) ?? new Lane<T>(this.slotsOf(host))
    this.#lanes.set(host, lane)
    return lane
  }

  add(work: T, { first = false }: { first?: boolean | undefined } = {}): void {
    const { lane } = work
    if (first) lane.ready.unshift(work)
    else lane.ready.push(work)
    this.#turns.add(lane)
    this.#serve()
  }

  /** Starts a work as a trial of whether a host is available again. It needs no slot. */
  try(work: T, onLeft: () => void): void {
    this.#onLeft.set(work, onLeft)
    this.#begin(work, 'trial')
  }

  leave(work: T): void {
    this.#free(work)
    work.lane.running--
    this.#onLeft.get(work)?.()
    this.#onLeft.delete(work)
    this.#serve()
  }

  #serve(): void {
    // A lane goes to the end of the queue after its turn.
    for (let idle = 0; idle < this.#turns.size; ) {
      const [lane] = this.#turns
      if (lane === undefined) return
      this.#turns.delete(lane)
      const kind = this.#kindOfSlot(lane)
      const work = kind === undefined ? undefined : lane.ready.shift()
      if (lane.ready.length > 0) this.#turns.add(lane)
      idle = work === undefined ? idle + 1 : 0
      if (work !== undefined && kind !== undefined) this.#begin(work, kind)
    }
  }

  /** The kind of slot that is free for the next work of a lane. */
  #kindOfSlot({ proven, running, slots }: Lane<T>): 'slot' | 'trial' | undefined {
    if (!proven) return running === 0 && this.#trials < slots.trials ? 'trial' : undefined
    return running < slots.perHost && this.#taken < slots.total ? 'slot' : undefined
  }

  #begin(work: T, kind: 'slot' | 'trial'): void {
    this.#slots.set(work, kind)
    if (kind === 'slot') this.#taken++
    else this.#trials++
    work.lane.running++
    this.start(work, () => this.#answered(work))
  }

  /** From now on the host has its slots. The trial takes one of them. */
  #answered(work: T): void {
    if (this.#slots.get(work) === 'trial') {
      this.#free(work)
      this.#slots.set(work, 'slot')
      this.#taken++
    }
    if (work.lane.proven) return
    work.lane.proven = true
    this.#serve()
  }

  #free(work: T): void {
    const kind = this.#slots.get(work)
    this.#slots.delete(work)
    if (kind === 'slot') this.#taken--
    if (kind === 'trial') this.#trials--
  }
}
