import { pausedHostError, type ReportOptions } from './limiter.js'
import type { HostPolicy, HostState } from './policy.js'

/** The trouble of a host. Times are milliseconds; `at` and `until` by the monotonic clock. */
interface Trouble {
  /** `failed`: ended by an answer. `asked`: the host answers and asks for a pause. */
  kind: 'failed' | 'asked'
  because: string
  /** Since the epoch. */
  since: number
  /** Time of the last counted failure: failures of requests that began before it do not count. */
  at: number
  until: number
  /** Consecutive pauses. */
  pauses: number
  /** A probe is in flight. */
  probing: boolean
}

/** The admission of one request. */
export interface Admission {
  /** The request tests whether the host is back. */
  readonly probes: boolean
  /** Ends the request: if its result was not reported, the next request may probe. */
  end(): void
}

/** A trouble that another process reported, with the time left, because clocks differ. */
export interface SharedTrouble {
  readonly because: string
  /** Milliseconds since the epoch. */
  readonly since: number
  /** Milliseconds until the next probe. */
  readonly left: number
  readonly answered: boolean
}

const unconditional: Admission = { probes: false, end: () => {} }

/** Milliseconds. Caps what a host may ask for. */
const maxRequestedPause = 24 * 60 * 60 * 1000

/** The health of hosts as this process sees it. */
export class HostHealth {
  readonly #troubles = new Map<string, Trouble>()
  /** Time of the last answer by host, by the monotonic clock. */
  readonly #answered = new Map<string, number>()

  constructor(
    private readonly policyOf: (host: string) => HostPolicy,
    /** Called at the start of each trouble, and of each further pause. */
    private readonly onTrouble: (host: string) => void,
  ) {}

  /** Throws `pausedHostError` while the host is paused or probed. */
  admit(host: string): Admission {
    const trouble = this.#troubles.get(host)
    if (trouble === undefined) return unconditional
    const paused = this.pausedError(host)
    if (paused !== undefined) throw paused
    trouble.probing = true
    const end = () => {
      // A new trouble has its own object, and keeps its own probe.
      trouble.probing = false
    }
    return { probes: true, end }
  }

  /** The error for a request while the host is paused or probed; undefined when a request is admitted. */
  pausedError(host: string): Error | undefined {
    const trouble = this.#troubles.get(host)
    if (trouble === undefined) return undefined
    const left = trouble.until - performance.now()
    if (left <= 0 && !trouble.probing) return undefined
    return pausedHostError(host, trouble.because, left > 0 ? Math.ceil(left) : this.policyOf(host).firstProbe)
  }

  failed(host: string, because: string, { after = 0 }: ReportOptions): void {
    const began = performance.now() - after
    if ((this.#answered.get(host) ?? Number.NEGATIVE_INFINITY) > began) return
    const before = this.#troubles.get(host)
    if (before !== undefined && began <= before.at) return
    const same = before?.kind === 'failed' ? before : undefined
    const { firstProbe, longestProbe } = this.policyOf(host)
    this.#begin(host, 'failed', because, same, {
      since: Date.now() - after,
      length: doubled(firstProbe, longestProbe, same?.pauses ?? 0),
    })
  }

  pause(host: string, milliseconds: number | undefined, because: string, { after = 0 }: ReportOptions): void {
    const now = performance.now()
    this.#answered.set(host, now)
    const before = this.#troubles.get(host)
    const asked = Math.min(Math.max(milliseconds ?? 0, 0) || 0, maxRequestedPause)
    const same = before?.kind === 'asked' ? before : undefined
    if (same !== undefined && now - after <= same.at) {
      // This request was in flight together with the one whose answer began the pause.
      same.until = Math.max(same.until, now + asked)
      return
    }
    const { firstProbe, longestPause } = this.policyOf(host)
    const least = doubled(firstProbe, longestPause, same?.pauses ?? 0)
    const length = same === undefined && asked > 0 ? asked : Math.max(asked, least)
    this.#begin(host, 'asked', because, same, { since: Date.now(), length })
  }

  answered(host: string): void {
    const now = performance.now()
    this.#answered.set(host, now)
    const trouble = this.#troubles.get(host)
    if (trouble === undefined || (trouble.kind === 'asked' && now < trouble.until)) return
    this.#troubles.delete(host)
  }

  /** Takes over the trouble that another process reports. */
  learn(host: string, { because, since, left, answered }: SharedTrouble): void {
    const now = performance.now()
    if (answered && !this.#answered.has(host)) this.#answered.set(host, Number.NEGATIVE_INFINITY)
    const before = this.#troubles.get(host)
    const trouble = { kind: 'failed' as const, at: now, pauses: 0, ...before }
    this.#troubles.set(host, { ...trouble, because, since, until: now + left, probing: false })
    this.onTrouble(host)
  }

  /** Ends a trouble that another process reports to be over. */
  forget(host: string): void {
    this.#troubles.delete(host)
  }

  state(host: string): HostState {
    const answered = this.#answered.has(host)
    const trouble = this.#troubles.get(host)
    if (trouble === undefined) return { host, answered }
    const { because, since, until, kind } = trouble
    return {
      host,
      answered,
      asks: kind === 'asked',
      because,
      since,
      pausedUntil: Date.now() + until - performance.now(),
    }
  }

  states(): HostState[] {
    return [...this.#troubles.keys()].map((host) => this.state(host))
  }

  #begin(
    host: string,
    kind: Trouble['kind'],
    because: string,
    same: Trouble | undefined,
    { since, length }: { since: number; length: number },
  ): void {
    const now = performance.now()
    const until = Math.max(same?.until ?? 0, now + length)
    const pauses = (same?.pauses ?? 0) + 1
    this.#troubles.set(host, {
      kind,
      because,
      since: same?.since ?? since,
      at: now,
      until,
      pauses,
      probing: false,
    })
    this.onTrouble(host)
  }
}

function doubled(first: number, longest: number, times: number): number {
  return Math.min(longest, first * 2 ** Math.min(times, 30))
}
