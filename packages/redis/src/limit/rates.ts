import { AdaptiveRate, type LearnedLimit, type RateState, type RequestClass } from '@dist/remotes'
import type { Redis } from 'ioredis'
import type { Breaker } from './breaker.js'
import { changeRate, listRates, readRate } from './pace.js'

/** An unused rate is forgotten after so many milliseconds. */
const kept = 120_000
/** Milliseconds without requests after a refusal: the host's bucket gets a little content. */
const gap = 100

/** One class of requests to a host. */
export interface RateName extends RequestClass {
  readonly host: string
}

/** The rates of hosts, shared by all processes: learned as `AdaptiveRate` does, kept in Redis. */
export class Rates {
  constructor(
    private readonly redis: Redis,
    private readonly breaker: Breaker,
    private readonly prefix: string,
    private readonly mostOf: (host: string) => number | undefined,
  ) {}

  /** The key of a rate. */
  key(name: RateName): string {
    return `${this.prefix}pace:${formatName(name)}`
  }

  /** Lowers a rate after a refusal of a request that began `after` milliseconds ago. `answered`: per second, by this process. */
  async refused(name: RateName, after: number, answered: number | undefined): Promise<void> {
    if (!this.breaker.mayAsk()) return
    await this.breaker.ask('lowering the rate of a host', async () => {
      const { now, state, throughput } = await readRate(this.redis, { pace: this.key(name) }, {})
      const rate = new AdaptiveRate(this.mostOf(name.host), parseState(state))
      const refusal = { now, began: now - Math.max(0, after), throughput: throughput ?? answered }
      if (rate.refused(refusal)) await this.#change(name, state, rate, gap)
    })
  }

  /** Raises a rate whose state was read at `now`, by Redis' clock. */
  async grow(
    name: RateName,
    { now, state }: { readonly now: number; readonly state: string },
  ): Promise<void> {
    const rate = new AdaptiveRate(this.mostOf(name.host), parseState(state))
    rate.grow(now)
    await this.breaker.ask('raising the rate of a host', () => this.#change(name, state, rate, 0))
  }

  /** The rates that are known. */
  async list(): Promise<LearnedLimit[]> {
    if (!this.breaker.mayAsk()) return []
    return (await this.breaker.ask('listing rates', () => this.#list())) ?? []
  }

  async #list(): Promise<LearnedLimit[]> {
    const names = await listRates(this.redis, { paces: `${this.prefix}paces` }, {})
    const rates = await Promise.all(
      names.map((name) => this.redis.hget(`${this.prefix}pace:${name}`, 'rate')),
    )
    return names.flatMap((name, i) =>
      rates[i] == null ? [] : [{ ...parseName(name), rate: Number(rates[i]) }],
    )
  }

  async #change(name: RateName, read: string, { state, rate }: AdaptiveRate, hold: number): Promise<void> {
    if (state === undefined || rate === undefined) return
    const keys = { pace: this.key(name), paces: `${this.prefix}paces` }
    const args = { name: formatName(name), read, state: JSON.stringify(state), rate, hold, kept }
    await changeRate(this.redis, keys, args)
  }
}

/** A host, a kind and an account have no blank. */
function formatName({ kind = 'other', account = '', host }: RateName): string {
  return `${kind} ${account} ${host}`
}

function parseName(name: string): RateName {
  const [kind = '', account = '', host = ''] = name.split(' ')
  return { kind: kind as RateName['kind'], account, host }
}

/** Undefined for none. What another version wrote and has no rate is none, too. */
function parseState(text: string): RateState | undefined {
  if (text === '') return undefined
  const state = JSON.parse(text) as Partial<RateState>
  const { rate = 0, explores = true, decreasedAt = 0, grownAt = 0 } = state
  return rate > 0 ? { rate, explores, decreasedAt, grownAt } : undefined
}
