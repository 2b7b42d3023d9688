/** The work of one host. */
export class Lane<T> {
  readonly ready: T[] = []
  running = 0
  /** Whether the host has answered in this run. */
  proven = false
}

export interface Slots {
  /** Pieces of work of one host at the same time. */
  readonly perHost: number
  /** Of all hosts that have answered. */
  readonly total: number
  /** Hosts that are tried at the same time. */
  readonly trials: number
}

/** Sixteen saturate a registry; four hosts that are slow leave room for others. */
const defaultSlots: Slots = { perHost: 16, total: 64, trials: 256 }

/** Hands slots out: hosts take turns, and one that has not answered yet gets one piece of work, beside the slots. */
export class Lanes<T extends { readonly lane: Lane<T> }> {
  readonly #lanes = new Map<string, Lane<T>>()
  /** Lanes with work that is ready, in the order of their turns. */
  readonly #turns = new Set<Lane<T>>()
  readonly #slots = new Map<T, 'slot' | 'trial'>()
  readonly #onLeft = new Map<T, () => void>()
  #taken = 0
  #trials = 0

  constructor(
    /** Begins a piece of work, which ends with `left`. `answered`: its host has answered. */
    private readonly start: (work: T, answered: () => void) => void,
    private readonly slots: Slots = defaultSlots,
  ) {}

  of(host: string): Lane<T> {
    const lane = this.#lanes.get(host) ?? new Lane<T>()
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

  /** Begins a piece of work that finds out whether a host is back: it takes nobody's slot. */
  try(work: T, onLeft: () => void): void {
    this.#onLeft.set(work, onLeft)
    this.#begin(work, 'trial')
  }

  left(work: T): void {
    this.#free(work)
    work.lane.running--
    this.#onLeft.get(work)?.()
    this.#onLeft.delete(work)
    this.#serve()
  }

  #serve(): void {
    // A lane that got its turn goes to the end of the line.
    for (let idle = 0; idle < this.#turns.size; ) {
      const [lane] = this.#turns
      if (lane === undefined) return
      this.#turns.delete(lane)
      const kind = this.#room(lane)
      const work = kind === undefined ? undefined : lane.ready.shift()
      if (lane.ready.length > 0) this.#turns.add(lane)
      idle = work === undefined ? idle + 1 : 0
      if (work !== undefined && kind !== undefined) this.#begin(work, kind)
    }
  }

  /** What the next piece of work of a lane could have. */
  #room({ proven, running }: Lane<T>): 'slot' | 'trial' | undefined {
    if (!proven) return running === 0 && this.#trials < this.slots.trials ? 'trial' : undefined
    return running < this.slots.perHost && this.#taken < this.slots.total ? 'slot' : undefined
  }

  #begin(work: T, kind: 'slot' | 'trial'): void {
    this.#slots.set(work, kind)
    if (kind === 'slot') this.#taken++
    else this.#trials++
    work.lane.running++
    this.start(work, () => this.#answered(work))
  }

  /** The host gets all its slots; what has tried it has one of them now. */
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
