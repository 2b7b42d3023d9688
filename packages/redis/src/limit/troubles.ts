import type { HostPolicy, HostState, LocalHostLimiter, ReportOptions } from '@dist/remotes'
import type { Redis } from 'ioredis'
import { defineScript, type Script } from '../script.js'
import type { Breaker } from './breaker.js'
import { answeredScript, failedScript, pauseScript, stateScript, statesScript } from './scripts.js'

/** The longest that Redis remembers a pause, and that a host has answered: a day. */
const longest = 24 * 60 * 60 * 1000
/** So often a process says again that a host answers. */
const sayAgain = 60_000

export interface TroubleKeys {
  readonly trouble: string
  readonly answered: string
}

/** What is wrong with hosts: in Redis for everybody, and in this process for when Redis is away. */
export class Troubles {
  readonly #failed: Script
  readonly #pause: Script
  readonly #answered: Script
  readonly #state: Script
  readonly #states: Script
  /** When Redis was last told that a host answers, by the monotonic clock. */
  readonly #said = new Map<string, number>()

  constructor(
    redis: Redis,
    private readonly breaker: Breaker,
    private readonly local: LocalHostLimiter,
    private readonly policy: HostPolicy,
    private readonly troubled: string,
    private readonly keysOf: (host: string) => TroubleKeys,
  ) {
    const define = (name: string, lua: string) => defineScript(redis, `distHost${name}`, lua)
    this.#failed = define('Failed', failedScript)
    this.#pause = define('Pause', pauseScript)
    this.#answered = define('Answered', answeredScript)
    this.#state = define('State', stateScript)
    this.#states = define('States', statesScript)
  }

  async failed(host: string, because: string, options: ReportOptions = {}): Promise<void> {
    await this.local.failed(host, because, options)
    // What was answered meanwhile has ended it here, and is no trouble for the others.
    if ((await this.local.state(host)).pausedUntil === undefined) return
    const { firstProbe, longestProbe } = this.policy
    const args = [host, because, ceil(options.after), firstProbe, longestProbe]
    await this.#tell('telling of a host that failed', this.#failed, host, args)
  }

  async pause(
    host: string,
    milliseconds: number | undefined,
    because: string,
    options: ReportOptions = {},
  ): Promise<void> {
    await this.local.pause(host, milliseconds, because, options)
    const { firstProbe, longestPause } = this.policy
    const asked = ceil(Math.min(milliseconds ?? 0, longest))
    const args = [host, because, ceil(options.after), firstProbe, longestPause, asked, longest]
    await this.#tell('pausing a host', this.#pause, host, args)
  }

  async answered(host: string): Promise<void> {
    const now = performance.now()
    const { pausedUntil } = await this.local.state(host)
    await this.local.answered(host)
    if (pausedUntil === undefined && now - (this.#said.get(host) ?? Number.NEGATIVE_INFINITY) < sayAgain)
      return
    this.#said.set(host, now)
    await this.#tell('telling of a host that answers', this.#answered, host, [host, longest])
  }

  async state(host: string): Promise<HostState> {
    const own = await this.local.state(host)
    if (!this.breaker.mayAsk()) return own
    const { trouble, answered } = this.keysOf(host)
    const told = await this.breaker.ask('reading the state of a host', () =>
      this.#state([trouble, answered], []),
    )
    return Array.isArray(told) ? stateOf(host, told) : own
  }

  async states(): Promise<HostState[]> {
    const hosts = this.breaker.mayAsk()
      ? await this.breaker.ask('listing hosts in trouble', () => this.#states([this.troubled], []))
      : undefined
    if (!Array.isArray(hosts)) return this.local.states()
    const states = await Promise.all(hosts.map((host) => this.state(String(host))))
    return states.filter(({ pausedUntil }) => pausedUntil !== undefined)
  }

  async #tell(doing: string, script: Script, host: string, args: (string | number)[]): Promise<void> {
    const { trouble, answered } = this.keysOf(host)
    if (this.breaker.mayAsk())
      await this.breaker.ask(doing, () => script([trouble, answered, this.troubled], args))
  }
}

/** Redis tells durations, so that its clock and ours need not agree. */
function stateOf(host: string, [answered, left, ago, because, kind]: unknown[]): HostState {
  const common = { host, answered: Number(answered) === 1 }
  if (left === undefined || left === null) return common
  const now = Date.now()
  return {
    ...common,
    pausedUntil: now + Number(left),
    since: now - Number(ago),
    because: String(because),
    asks: kind === 'asked',
  }
}

function ceil(milliseconds: number | undefined): number {
  return Math.ceil(Math.max(milliseconds ?? 0, 0) || 0)
}
