import { abortError, throwIfAborted } from '@dist/errdefs'

export interface HostSlotsOptions {
  /** Jobs of one host at the same time. */
  readonly perHost: number
  /** Whether a host gets one job, the trial, until it has answered. */
  readonly trials: boolean
  /** Milliseconds that a job waits for its host beside jobs of other hosts. Default: 1,000. */
  readonly patience?: number | undefined
}

export interface EnterOptions {
  readonly signal: AbortSignal
  /** Whether the consumer has no room for jobs of other hosts. */
  readonly isFull: () => boolean
}

/** One job's place at its host; disposing gives it to the next. */
export interface HostSlot extends Disposable {
  /** The host has answered: it gets all its slots. */
  answered(): void
  /** The host answers no more: it gets a trial next. */
  lost(): void
}

/** So many hosts get all their slots at the same time; more share them. */
const hostsAtOnce = 4

/** Jobs of all hosts at the same time, where those of one are so many. Who wants one at a time gets one of all hosts. */
export function roomFor(perHost: number): number {
  return perHost === 1 ? 1 : perHost * hostsAtOnce
}

const defaultPatience = 1_000

/**
 * Shares a consumer's room out among hosts, so that a slow one costs only itself. Jobs of a host that gets on wait here:
 * their turn comes soon. Jobs of one that stands still, or has not answered yet, give their room back once others need it.
 */
export class HostSlots {
  readonly #hosts = new Map<string, Host>()
  readonly #answered = new Set<string>()

  constructor(private readonly options: HostSlotsOptions) {}

  /**
   * Waits for a slot. Undefined when the host has none for now: the job is to come again later. `CANCELED` through the
   * signal.
   */
  async enter(name: string, { signal, isFull }: EnterOptions): Promise<HostSlot | undefined> {
    throwIfAborted(signal)
    const host = this.#hosts.get(name) ?? new Host()
    this.#hosts.set(name, host)
    if (host.running < this.#slots(name)) {
      host.running++
      return this.#slot(name, host)
    }
    if (!this.#flows(name, host) && host.waiting.size >= this.options.perHost && isFull()) return undefined
    return (await this.#turn(name, host, { signal, isFull })) ? this.#slot(name, host) : undefined
  }

  #slots(name: string): number {
    return this.options.trials && !this.#answered.has(name) ? 1 : this.options.perHost
  }

  /** Whether the host has ended a job of late, so that those who wait get their turn. */
  #flows(name: string, host: Host): boolean {
    return this.#slots(name) > 1 && performance.now() - host.endedAt < this.#patience
  }

  get #patience(): number {
    return this.options.patience ?? defaultPatience
  }

  /** Resolves to whether the turn has come. Whose turn it is has its slot taken already. */
  #turn(name: string, host: Host, { signal, isFull }: EnterOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearInterval(timer)
        signal.removeEventListener('abort', giveUp)
        host.waiting.delete(enter)
      }
      const enter = () => {
        end()
        host.running++
        resolve(true)
      }
      const giveUp = () => {
        end()
        reject(abortError(signal))
      }
      const look = () => {
        if (this.#flows(name, host) || !isFull()) return
        end()
        resolve(false)
      }
      const timer = setInterval(look, this.#patience)
      signal.addEventListener('abort', giveUp, { once: true })
      host.waiting.add(enter)
    })
  }

  #slot(name: string, host: Host): HostSlot {
    let held = true
    return {
      answered: () => {
        if (this.#answered.has(name)) return
        this.#answered.add(name)
        this.#serve(name, host)
      },
      lost: () => this.#answered.delete(name),
      [Symbol.dispose]: () => {
        if (!held) return
        held = false
        host.running--
        host.endedAt = performance.now()
        this.#serve(name, host)
        if (host.running === 0 && host.waiting.size === 0) this.#hosts.delete(name)
      },
    }
  }

  #serve(name: string, host: Host): void {
    const room = this.#slots(name) - host.running
    for (const enter of [...host.waiting].slice(0, Math.max(0, room))) enter()
  }
}

class Host {
  running = 0
  /** By the monotonic clock. */
  endedAt = Number.NEGATIVE_INFINITY
  readonly waiting = new Set<() => void>()
}
