import { abortError, throwIfAborted } from '@dist/errdefs'

/** Limits transfers. Disposing a grant returns it. */
export interface Budget {
  /** Waits for a slot and so many bytes. Throws `CANCELED` if the signal aborts. */
  acquire(bytes: number, options?: BudgetOptions): Promise<Disposable>
}

export interface BudgetOptions {
  signal?: AbortSignal | undefined
  /** The host that sends the bytes. */
  host?: string | undefined
}

interface Waiter {
  bytes: number
  grant: () => void
}

export interface BudgetLimits {
  /** Bytes that all transfers may hold in memory. */
  bytes: number
  /** Transfers at the same time. */
  transfers: number
}

/**
 * Limits the transfers of a process and the bytes that they hold in memory. First come, first served: small transfers do
 * not overtake a large one. p-limit counts calls and no bytes, hence this class.
 */
export class TransferBudget implements Budget {
  #bytes: number
  #transfers: number
  readonly #waiters = new Set<Waiter>()

  constructor(readonly limits: BudgetLimits) {
    this.#bytes = limits.bytes
    this.#transfers = limits.transfers
  }

  /** More bytes than the limit count as the limit. */
  async acquire(bytes: number, options: BudgetOptions = {}): Promise<Disposable> {
    const { signal } = options
    throwIfAborted(signal)
    const wanted = Math.min(bytes, this.limits.bytes)
    if (this.#waiters.size > 0 || !this.#fits(wanted)) await this.#waitFor(wanted, signal)
    else this.#take(wanted)
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (held) this.#release(wanted)
        held = false
      },
    }
  }

  #waitFor(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter)
        this.#serve()
        if (signal !== undefined) reject(abortError(signal))
      }
      const grant = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiter = { bytes, grant }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  #fits(bytes: number): boolean {
    return this.#transfers > 0 && bytes <= this.#bytes
  }

  #take(bytes: number): void {
    this.#bytes -= bytes
    this.#transfers -= 1
  }

  #release(bytes: number): void {
    this.#bytes += bytes
    this.#transfers += 1
    this.#serve()
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      if (!this.#fits(waiter.bytes)) return
      this.#take(waiter.bytes)
      this.#waiters.delete(waiter)
      waiter.grant()
    }
  }
}

/** How many hosts can use their whole budget at the same time. */
const fullHosts = 4

/**
 * A budget for each host, within one for all hosts. Transfers that wait for a slow host do not delay those of other
 * hosts.
 */
export class HostBudgets implements Budget {
  readonly #hosts = new Map<string, TransferBudget>()
  readonly #all: TransferBudget

  /** `limits`: those of one host. */
  constructor(readonly limits: BudgetLimits) {
    const { bytes, transfers } = limits
    this.#all = new TransferBudget({ bytes: bytes * fullHosts, transfers: transfers * fullHosts })
  }

  async acquire(bytes: number, options: BudgetOptions = {}): Promise<Disposable> {
    const { host = '' } = options
    const own = this.#hosts.get(host) ?? new TransferBudget(this.limits)
    this.#hosts.set(host, own)
    const mine = await own.acquire(bytes, options)
    try {
      const shared = await this.#all.acquire(Math.min(bytes, this.limits.bytes), options)
      return {
        [Symbol.dispose]: () => {
          shared[Symbol.dispose]()
          mine[Symbol.dispose]()
        },
      }
    } catch (error) {
      mine[Symbol.dispose]()
      throw error
    }
  }
}
