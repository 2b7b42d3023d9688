import {
  type AnswerOptions,
  type HostPolicies,
  type HostState,
  type LocalHostLimiter,
  policyOf,
  type ReportOptions,
} from '@dist/remotes'
import type { Redis } from 'ioredis'
import type { Breaker } from './breaker.js'
import { endPause, listTroubled, readTrouble, reportAnswer, reportFailure, reportPause } from './scripts.js'

/** The longest time that Redis keeps a pause, and that a host has answered: a day, in milliseconds. */
const longestMs = 24 * 60 * 60 * 1000
/** A process reports that a host answers once in this time. */
const reportEveryMs = 60_000
/** A process asks once in this time whether a pause that it knows has been ended. */
const askEveryMs = 1_000
/** Milliseconds behind the end of its pause for which a host counts as paused, unless it answers: it is about to be probed. */
const probedWithinMs = 30_000

interface TroubleKeys {
  readonly trouble: string
  readonly answered: string
}

/** The troubles of hosts: in Redis for all processes, and in this process for when Redis is away. */
export class Troubles {
  /** When each host was last reported to answer, by the monotonic clock. */
  readonly #reportedAt = new Map<string, number>()
  /** When it was last asked whether the pause of a host has been ended, by the monotonic clock. */
  readonly #askedAt = new Map<string, number>()

  constructor(
    private readonly redis: Redis,
    private readonly breaker: Breaker,
    private readonly local: LocalHostLimiter,
    private readonly policy: HostPolicies,
    private readonly troubled: string,
    private readonly keysOf: (host: string) => TroubleKeys,
  ) {}

  async failed(host: string, because: string, options: ReportOptions = {}): Promise<void> {
    await this.local.failed(host, because, options)
    // An answer that came later has ended the trouble here. For the others there is none.
    if ((await this.local.state(host)).pausedUntil === undefined) return
    const { firstProbe: first, longestProbe: longest } = policyOf(this.policy, host)
    const args = { host, because, after: wholeMs(options.after), first, longest }
    await this.#report('reporting a failed host', () => reportFailure(this.redis, this.#keysOf(host), args))
  }

  async pause(
    host: string,
    milliseconds: number | undefined,
    because: string,
    options: ReportOptions = {},
  ): Promise<void> {
    await this.local.pause(host, milliseconds, because, options)
    const { firstProbe: first, longestPause: longest } = policyOf(this.policy, host)
    const asked = wholeMs(Math.min(milliseconds ?? 0, longestMs))
    const args = { host, because, after: wholeMs(options.after), first, longest, asked, kept: longestMs }
    await this.#report('pausing a host', () => reportPause(this.redis, this.#keysOf(host), args))
  }

  async answered(host: string, options?: AnswerOptions): Promise<void> {
    const now = performance.now()
    const { pausedUntil } = await this.local.state(host)
    await this.local.answered(host, options)
    const reportedAt = this.#reportedAt.get(host) ?? Number.NEGATIVE_INFINITY
    if (pausedUntil === undefined && now - reportedAt < reportEveryMs) return
    this.#reportedAt.set(host, now)
    const args = { host, kept: longestMs }
    await this.#report('reporting a host that answers', () =>
      reportAnswer(this.redis, this.#keysOf(host), args),
    )
  }

  /** Ends a pause for all processes: the next request probes. False: there is none. */
  async resume(host: string): Promise<boolean> {
    const { trouble } = this.keysOf(host)
    const ended = await this.breaker.ask('ending the pause of a host', () =>
      endPause(this.redis, { trouble }, {}),
    )
    return ended ?? false
  }

  /** Whether a pause that this process knows has been ended by `resume`, as it learns within a second. */
  async hasEnded(host: string): Promise<boolean> {
    const asked = this.#askedAt.get(host) ?? Number.NEGATIVE_INFINITY
    if (performance.now() - asked < askEveryMs) return false
    this.#askedAt.set(host, performance.now())
    const reply = await this.#read(host)
    if (reply === undefined) return false
    if (reply.trouble === undefined) this.local.forget(host)
    else {
      const { leftMs: left, agoMs, because } = reply.trouble
      if (left > 0) return false
      this.local.learn(host, { because, left, since: Date.now() - agoMs, answered: reply.answered })
    }
    this.#askedAt.delete(host)
    return true
  }

  async state(host: string): Promise<HostState> {
    const local = await this.local.state(host)
    const reply = await this.#read(host)
    if (reply === undefined) return local
    const state = { host, answered: reply.answered }
    if (reply.trouble === undefined) return state
    const { leftMs, agoMs, because, asks } = reply.trouble
    const now = Date.now()
    return { ...state, pausedUntil: now + leftMs, since: now - agoMs, because, asks }
  }

  async states(): Promise<HostState[]> {
    const hosts = this.breaker.mayAsk()
      ? await this.breaker.ask('listing hosts in trouble', () =>
          listTroubled(this.redis, { troubled: this.troubled }, {}),
        )
      : undefined
    if (hosts === undefined) return this.local.states()
    const states = await Promise.all(hosts.map((host) => this.state(host)))
    const now = Date.now()
    return states.filter(({ pausedUntil }) => pausedUntil !== undefined && now - pausedUntil < probedWithinMs)
  }

  /** What Redis knows of a host. Undefined while it is away. */
  async #read(host: string) {
    if (!this.breaker.mayAsk()) return undefined
    const { trouble, answered } = this.keysOf(host)
    return await this.breaker.ask('reading the state of a host', () =>
      readTrouble(this.redis, { trouble, answered }, {}),
    )
  }

  #keysOf(host: string) {
    return { ...this.keysOf(host), troubled: this.troubled }
  }

  async #report(doing: string, script: () => Promise<unknown>): Promise<void> {
    if (this.breaker.mayAsk()) await this.breaker.ask(doing, script)
  }
}

function wholeMs(milliseconds: number | undefined): number {
  return Math.ceil(Math.max(milliseconds ?? 0, 0) || 0)
}
