/** The clock that all threads of a process share, in milliseconds. */
export function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}

const fields = ['tried', 'ticked', 'active', 'standstills'] as const

/** What the main thread of a service and the thread that shows it exchange, in shared memory. */
export class Pulse {
  readonly #values: BigInt64Array

  constructor(readonly buffer = new SharedArrayBuffer(8 * fields.length)) {
    this.#values = new BigInt64Array(buffer)
  }

  /** When the thread last tried to show the service. */
  get tried(): number {
    return this.#load('tried')
  }
  set tried(at: number) {
    this.#store('tried', at)
  }

  /** When the main thread's timer last fired. */
  get ticked(): number {
    return this.#load('ticked')
  }
  set ticked(at: number) {
    this.#store('ticked', at)
  }

  /** Jobs under way. */
  get active(): number {
    return this.#load('active')
  }
  set active(jobs: number) {
    this.#store('active', jobs)
  }

  /** How often the whole process was stopped for so long that others may have taken it for gone. */
  get standstills(): number {
    return this.#load('standstills')
  }
  countStandstill(): void {
    Atomics.add(this.#values, fields.indexOf('standstills'), 1n)
  }

  #load(field: (typeof fields)[number]): number {
    return Number(Atomics.load(this.#values, fields.indexOf(field)))
  }

  #store(field: (typeof fields)[number], value: number): void {
    Atomics.store(this.#values, fields.indexOf(field), BigInt(Math.round(value)))
  }
}
