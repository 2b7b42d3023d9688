/** Milliseconds over which the load is measured. */
const windowMs = 200
/** The share of one processor from which on a process counts as busy. The rest is waiting that more threads do not shorten. */
const busyShare = 0.8

/** Whether the processor time of this process is what its work waits for. */
export class ProcessorLoad {
  #cpu: number | undefined
  #at = 0
  #busy = false

  /** `cpu`: microseconds of processor time of this process. `clock`: milliseconds. */
  constructor(
    private readonly cpu: () => number = processorTime,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Whether the process used nearly a processor in the last window that has ended. Measures from the first call on. */
  get isBusy(): boolean {
    const now = this.clock()
    if (this.#cpu === undefined) this.#restart(now, this.cpu())
    else if (now - this.#at >= windowMs) {
      const cpu = this.cpu()
      this.#busy = (cpu - this.#cpu) / 1_000 >= busyShare * (now - this.#at)
      this.#restart(now, cpu)
    }
    return this.#busy
  }

  #restart(now: number, cpu: number): void {
    this.#at = now
    this.#cpu = cpu
  }
}

function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
