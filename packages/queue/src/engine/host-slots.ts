import { abortError, throwIfAborted } from '@dist/errdefs'

export interface HostSlotsOptions {
  /** Jobs of one host at the same time. */
  readonly perHost: number
  /** Whether a host gets only one job, the trial, until it has answered. */
  readonly trials: boolean
  /** How long a job waits for its host while jobs of other hosts need the room. Default: 1,000. */
  readonly waitMs?: number | undefined
}

interface EnterOptions {
  readonly signal: AbortSignal
  /** Whether the consumer has no room for jobs of other hosts. */
  readonly isFull: () => boolean
}

/** The slot of a job at its host. Disposing frees it. */
export interface HostSlot extends Disposable {
  /** The host has answered: all its slots are usable. */
  answered(): void
  /** The host does not answer: its next job is a trial. */
  lost(): void
  /** The host has sent everything. Another job may have the slot while this one ends, of a quarter of the slots. */
  arrived(): void
}

/** Hosts that get all their slots at the same time; more hosts share the room. */
const hostsAtOnce = 4

/**
 * The jobs of all hosts that a consumer takes at the same time, for `perHost` jobs of one host. For 1 it is 1 over all
 * hosts.
 */
export function roomFor(perHost: number): number {
  return perHost === 1 ? 1 : perHost * hostsAtOnce
}

const defaultWaitMs = 1_000

/**
 * Shares the room of a consumer among hosts, so that a slow host delays only its own jobs. Jobs of a host that makes
 * progress wait here for a slot. Jobs of a host that makes none, or has not answered yet, give their room back when
 * other hosts need it.
 */
export class HostSlots {
  readonly #hosts = new Map<string, Host>()
  readonly #answered = new Set<string>()

  constructor(private readonly options: HostSlotsOptions) {}

  /** Waits for a slot. Undefined when the job is to be delayed instead. `CANCELED` through the signal. */
  async enter(name: string, { signal, isFull }: EnterOptions): Promise<HostSlot | undefined> {
    throwIfAborted(signal)
    const host = this.#hosts.get(name) ?? new Host()
    this.#hosts.set(name, host)
    if (host.running < this.#slots(name)) {
      host.running++
      return this.#slot(name, host)
    }
    if (!this.#makesProgress(name, host) && host.waiting.size >= this.options.perHost && isFull())
      return undefined
    return (await this.#wait(name, host, { signal, isFull })) ? this.#slot(name, host) : undefined
  }

  get #mostEnding(): number {
    return this.options.perHost === 1 ? 0 : Math.ceil(this.options.perHost / 4)
  }

  #slots(name: string): number {
    return this.options.trials && !this.#answered.has(name) ? 1 : this.options.perHost
  }

  /** Whether a job of the host ended lately, so that the waiting jobs will get a slot. */
  #makesProgress(name: string, host: Host): boolean {
    return this.#slots(name) > 1 && performance.now() - host.endedAt < this.#waitMs
  }

  get #waitMs(): number {
    return this.options.waitMs ?? defaultWaitMs
  }

  /** Resolves to whether the job got a slot; `host.running` counts it already. */
  #wait(name: string, host: Host, { signal, isFull }: EnterOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearInterval(timer)
        signal.removeEventListener('abort', onAbort)
        host.waiting.delete(enter)
      }
      const enter = () => {
        end()
        host.running++
        resolve(true)
      }
      const onAbort = () => {
        end()
        reject(abortError(signal))
      }
      const check = () => {
        if (this.#makesProgress(name, host) || !isFull()) return
        end()
        resolve(false)
      }
      const timer = setInterval(check, this.#waitMs)
      signal.addEventListener('abort', onAbort, { once: true })
      host.waiting.add(enter)
    })
  }

  #slot(name: string, host: Host): HostSlot {
    let counted: 'running' | 'ending' | undefined = 'running'
    return {
      answered: () => {
        if (this.#answered.has(name)) return
        this.#answered.add(name)
        this.#admit(name, host)
      },
      lost: () => this.#answered.delete(name),
      arrived: () => {
        if (counted !== 'running' || host.ending >= this.#mostEnding) return
        counted = 'ending'
        host.running--
        host.ending++
        this.#admit(name, host)
      },
      [Symbol.dispose]: () => {
        if (counted === undefined) return
        host[counted]--
        counted = undefined
        host.endedAt = performance.now()
        this.#admit(name, host)
        if (host.running + host.ending + host.waiting.size === 0) this.#hosts.delete(name)
      },
    }
  }

  #admit(name: string, host: Host): void {
    const free = this.#slots(name) - host.running
    for (const enter of [...host.waiting].slice(0, Math.max(0, free))) enter()
  }
}

class Host {
  running = 0
  /** Jobs that gave their slot to another one and have not ended. */
  ending = 0
  /** When a job last ended, by the monotonic clock. */
  endedAt = Number.NEGATIVE_INFINITY
  readonly waiting = new Set<() => void>()
}
