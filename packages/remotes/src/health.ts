import { hostPaused, type ToldOptions } from './limiter.js'
import type { HostPolicy, HostState } from './policy.js'

/** What is wrong with a host. Durations and times are milliseconds; `at` and `until` by the monotonic clock. */
interface Trouble {
  /** `failed`: an answer ends it. `asked`: the host answers, and asks for a pause. */
  kind: 'failed' | 'asked'
  because: string
  /** Since the epoch. */
  since: number
  /** When the last failure was counted: what was under way then is none of its own. */
  at: number
  until: number
  /** Pauses in a row. */
  pauses: number
  probing: boolean
}

/** What somebody was let through for. */
export interface Admission {
  /** It is the one request that finds out whether the host is back. */
  readonly probes: boolean
  /** It has ended: if nobody was told how it went, the next one may find out. */
  end(): void
}

/** A trouble as somebody else has told of it: how much longer it lasts, not until when. */
export interface SharedTrouble {
  readonly because: string
  readonly since: number
  /** Milliseconds. */
  readonly left: number
  readonly answered: boolean
}

const unconditional: Admission = { probes: false, end: () => {} }

const longestPause = 24 * 60 * 60 * 1000

/** What this process knows of the health of hosts. */
export class HostHealth {
  readonly #troubles = new Map<string, Trouble>()
  /** By the monotonic clock. */
  readonly #answered = new Map<string, number>()

  constructor(
    private readonly policy: HostPolicy,
    /** Told of each trouble that begins, or begins anew. */
    private readonly onTrouble: (host: string) => void,
  ) {}

  /** Throws `hostPaused` where the host must not be asked now. */
  admit(host: string): Admission {
    const trouble = this.#troubles.get(host)
    if (trouble === undefined) return unconditional
    const paused = this.pausedError(host)
    if (paused !== undefined) throw paused
    trouble.probing = true
    const end = () => {
      // Of a new trouble another request finds out.
      trouble.probing = false
    }
    return { probes: true, end }
  }

  /** Why the host must not be asked now. Undefined: it may be, at least by one request. */
  pausedError(host: string): Error | undefined {
    const trouble = this.#troubles.get(host)
    if (trouble === undefined) return undefined
    const left = trouble.until - performance.now()
    if (left <= 0 && !trouble.probing) return undefined
    return hostPaused(host, trouble.because, left > 0 ? Math.ceil(left) : this.policy.firstProbe)
  }

  failed(host: string, because: string, { after = 0 }: ToldOptions): void {
    const began = performance.now() - after
    if ((this.#answered.get(host) ?? Number.NEGATIVE_INFINITY) > began) return
    const before = this.#troubles.get(host)
    if (before !== undefined && began <= before.at) return
    const same = before?.kind === 'failed' ? before : undefined
    const { firstProbe, longestProbe } = this.policy
    this.#begin(host, 'failed', because, same, {
      since: Date.now() - after,
      length: doubled(firstProbe, longestProbe, same?.pauses ?? 0),
    })
  }

  pause(host: string, milliseconds: number | undefined, because: string, { after = 0 }: ToldOptions): void {
    const now = performance.now()
    this.#answered.set(host, now)
    const before = this.#troubles.get(host)
    const asked = Math.min(Math.max(milliseconds ?? 0, 0) || 0, longestPause)
    const same = before?.kind === 'asked' ? before : undefined
    if (same !== undefined && now - after <= same.at) {
      // Under way together with the one that was told the same first.
      same.until = Math.max(same.until, now + asked)
      return
    }
    const least = doubled(this.policy.firstProbe, this.policy.longestPause, same?.pauses ?? 0)
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

  /** Takes over what others have found out. */
  learn(host: string, { because, since, left, answered }: SharedTrouble): void {
    const now = performance.now()
    if (answered && !this.#answered.has(host)) this.#answered.set(host, Number.NEGATIVE_INFINITY)
    const before = this.#troubles.get(host)
    const trouble = { kind: 'failed' as const, at: now, pauses: 0, ...before }
    this.#troubles.set(host, { ...trouble, because, since, until: now + left, probing: false })
    this.onTrouble(host)
  }

  /** Forgets a trouble that others know to be over. */
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
