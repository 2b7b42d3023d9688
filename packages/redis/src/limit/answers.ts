import type { HostAnswers } from '@dist/remotes'
import type { Redis } from 'ioredis'
import { defineScript } from '../script.js'
import type { Breaker } from './breaker.js'

// The answers of hosts are hashes, one for each ten minutes of the last hour: `answers host`, `refused host`, and `waited host`
// with `timed host`, the milliseconds and the number of the answers that tell how fast the host is.

const step = 600
const steps = 6
/** Fields of a hash: redirects lead to any number of hosts. */
const fieldsAtMost = 2_000

const counts = ['answers', 'refused', 'waited', 'timed'] as const

/** `rest`: a host and its counts, for each host. The keys depend on the clock of Redis. */
const addAnswers = defineScript('addAnswers', {
  keys: ['base'],
  args: [],
  lua: `
local key = keys.base .. ':' .. math.floor(tonumber(redis.call('TIME')[1]) / ${step})
local isFull = redis.call('HLEN', key) >= ${fieldsAtMost}
for i = 1, #rest.args, ${counts.length + 1} do
  local host = rest.args[i]
  if not isFull or redis.call('HEXISTS', key, 'answers ' .. host) == 1 then
    for j, name in ipairs({${counts.map((name) => `'${name}'`).join(', ')}}) do
      redis.call('HINCRBY', key, name .. ' ' .. host, rest.args[i + j])
    end
  end
end
return redis.call('EXPIRE', key, ${step * (steps + 1)})`,
  reply: () => undefined,
})

const readAnswers = defineScript('readAnswers', {
  keys: ['base'],
  args: [],
  lua: `
local last = math.floor(tonumber(redis.call('TIME')[1]) / ${step})
local all = {}
for number = last - ${steps}, last do
  table.insert(all, redis.call('HGETALL', keys.base .. ':' .. number))
end
return all`,
  reply: (value) => value as string[][],
})

type Counts = Record<(typeof counts)[number], number>

const none = (): Counts => ({ answers: 0, refused: 0, waited: 0, timed: 0 })

/** Milliseconds between two records, and hosts of one record. */
const recordEvery = 2_000
const hostsAtMost = 200

/** How hosts have answered all processes in the last hour. Best effort: what Redis does not take is lost. */
export class Answers {
  readonly #waiting = new Map<string, Counts>()
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly redis: Redis,
    private readonly breaker: Breaker,
    private readonly base: string,
  ) {}

  answered(host: string, latency: number | undefined): void {
    const of = this.#of(host)
    if (of === undefined) return
    of.answers++
    if (latency === undefined) return
    of.waited += Math.max(0, Math.round(latency))
    of.timed++
  }

  refused(host: string): void {
    const of = this.#of(host)
    if (of === undefined) return
    of.answers++
    of.refused++
  }

  async list(): Promise<HostAnswers[]> {
    const all = this.breaker.mayAsk()
      ? await this.breaker.ask('reading how hosts answer', () =>
          readAnswers(this.redis, { base: this.base }, {}),
        )
      : undefined
    return hostsOf(all ?? [])
  }

  #of(host: string): Counts | undefined {
    const known = this.#waiting.get(host)
    if (known !== undefined) return known
    if (this.#waiting.size >= hostsAtMost) return undefined
    const made = none()
    this.#waiting.set(host, made)
    this.#timer ??= setTimeout(() => void this.#record(), recordEvery).unref()
    return made
  }

  async #record(): Promise<void> {
    this.#timer = undefined
    const args = [...this.#waiting].flatMap(([host, of]) => [host, ...counts.map((name) => of[name])])
    this.#waiting.clear()
    if (!this.breaker.mayAsk()) return
    await this.breaker.ask('recording how hosts answer', () =>
      addAnswers(this.redis, { base: this.base }, {}, { args }),
    )
  }
}

function hostsOf(hashes: readonly (readonly string[])[]): HostAnswers[] {
  const hosts = new Map<string, Counts>()
  for (const hash of hashes)
    for (let i = 0; i < hash.length; i += 2) {
      const [name = '', host = ''] = (hash[i] ?? '').split(' ')
      const of = hosts.get(host) ?? none()
      hosts.set(host, of)
      if (name in of) of[name as keyof Counts] += Number(hash[i + 1])
    }
  return [...hosts].map(([host, { answers, refused, waited, timed }]) => ({
    host,
    answers,
    refused,
    ...(timed === 0 ? {} : { latency: Math.round(waited / timed) }),
  }))
}
