import { abortError, throwIfAborted } from '@dist/errdefs'

/** Bounds transfers. Disposing what it gives gives it back. */
export interface Budget {
  /** Waits for a place and so many bytes. `CANCELED` through the signal. */
  acquire(bytes: number, options?: BudgetOptions): Promise<Disposable>
}

export interface BudgetOptions {
  signal?: AbortSignal | undefined
  /** The host that the bytes come from. */
  host?: string | undefined
}

interface Waiter {
  bytes: number
  grant: () => void
}

export interface BudgetLimits {
  /** Bytes that all transfers together may hold on their way. */
  bytes: number
  /** Transfers at the same time. */
  transfers: number
}

/**
 * Bounds how many transfers a process runs and how many bytes they hold, whatever a registry sends and however
 * many are asked for. First come, first served, so that a large one is not overtaken for ever.
 */
export class TransferBudget implements Budget {
  #bytes: number
  #transfers: number
  readonly #waiters = new Set<Waiter>()

  constructor(readonly limits: BudgetLimits) {
    this.#bytes = limits.bytes
    this.#transfers = limits.transfers
  }

  /**
   * Waits for a place and so many bytes; more than there are in all count as all. Disposing gives them back.
   * `CANCELED` through the signal.
   */
  async acquire(bytes: number, options: BudgetOptions = {}): Promise<Disposable> {
    const { signal } = options
    throwIfAborted(signal)
    const wanted = Math.min(bytes, this.limits.bytes)
    if (this.#waiters.size > 0 || !this.#fits(wanted)) await this.#turn(wanted, signal)
    else this.#take(wanted)
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (held) this.#release(wanted)
        held = false
      },
    }
  }

  #turn(bytes: number, signal: AbortSignal | undefined): Promise<void> {
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

/** So many hosts may use up a budget of their own at the same time. */
const hostsAtOnce = 4

/**
 * A budget for each host, and one that some of them fill together: transfers that wait for a slow host do not keep those
 * of others waiting.
 */
export class HostBudgets implements Budget {
  readonly #hosts = new Map<string, TransferBudget>()
  readonly #all: TransferBudget

  /** `limits`: of one host. */
  constructor(readonly limits: BudgetLimits) {
    const { bytes, transfers } = limits
    this.#all = new TransferBudget({ bytes: bytes * hostsAtOnce, transfers: transfers * hostsAtOnce })
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
