import { DistError } from '@dist/errdefs'
import { createHostLimiter, type HostPolicy, hostPolicy, type LocalHostLimiter } from '@dist/remotes'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Schedule, type Work } from '../src/schedule.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const retries = { attempts: 6, firstDelay: 1_000, longestDelay: 60_000 }
const seconds = (count: number) => count * 1_000

/** Simulated hosts: how each answers, how many requests it gets, and how many run. */
class Hosts {
  readonly limiter: LocalHostLimiter
  readonly asked = new Map<string, number>()
  readonly failing = new Map<string, 'refuses' | 'is silent' | 'is busy' | 'fails'>()
  /** Milliseconds until a host answers. */
  readonly slow = new Map<string, number>()
  running = 0
  most = 0

  constructor(private readonly policy: HostPolicy = hostPolicy()) {
    this.limiter = createHostLimiter(policy)
  }

  schedule(signal?: AbortSignal): Schedule {
    const parts = { hosts: this.limiter, policy: this.policy, retries }
    return new Schedule({ ...parts, ...(signal === undefined ? {} : { signal }) })
  }

  /** One request to each of the hosts, in order. */
  work(name: string, ...hosts: string[]): Work & { delays: unknown[] } {
    const delays: unknown[] = []
    return {
      name,
      delays,
      delayed: (error) => delays.push(error),
      attempt: async (answered) => {
        this.most = Math.max(this.most, ++this.running)
        try {
          for (const host of hosts) {
            await this.#ask(name, host)
            answered()
          }
        } finally {
          this.running--
        }
      },
    }
  }

  async #ask(name: string, host: string): Promise<void> {
    const permit = await this.limiter.acquire(host)
    try {
      this.asked.set(host, (this.asked.get(host) ?? 0) + 1)
      await this.#answer(name, host)
    } finally {
      permit.release()
    }
  }

  async #answer(name: string, host: string): Promise<void> {
    const how = this.failing.get(host)
    const because = `${host} ${how}`
    const error = (code: 'UNAVAILABLE' | 'RESOURCE_EXHAUSTED') =>
      new DistError(code, `${name}: ${because}`, { host, because, retryable: true })
    if (how === 'is silent') {
      await new Promise((resolve) => setTimeout(resolve, seconds(25)))
      await this.limiter.failed(host, because, { after: seconds(25) })
      throw error('UNAVAILABLE')
    }
    await new Promise((resolve) => setTimeout(resolve, this.slow.get(host) ?? 1))
    if (how === 'refuses') {
      await this.limiter.failed(host, because, { after: 1 })
      throw error('UNAVAILABLE')
    }
    if (how === 'is busy') {
      await this.limiter.pause(host, undefined, because, { after: 1 })
      throw error('RESOURCE_EXHAUSTED')
    }
    await this.limiter.answered(host)
    if (how === 'fails') throw error('UNAVAILABLE')
  }
}

/** When a work has ended, in milliseconds from now, and its error. */
function timed(ending: Promise<{ readonly error: unknown } | undefined>) {
  const began = Date.now()
  const ended: { at?: number | undefined; error?: unknown } = {}
  void ending.then((failure) => Object.assign(ended, { at: Date.now() - began, ...failure }))
  return ended
}

describe('a schedule of the work of many hosts', () => {
  it.each(['refuses', 'is silent'] as const)('R28 does not delay other hosts if one %s', async (how) => {
    const hosts = new Hosts()
    hosts.failing.set('dead', how)
    const schedule = hosts.schedule()
    const dead = Array.from({ length: 200 }, (_, i) =>
      timed(schedule.add('dead', hosts.work(`d${i}`, 'dead'))),
    )
    const good = Array.from({ length: 200 }, (_, i) =>
      timed(schedule.add('good', hosts.work(`g${i}`, 'good'))),
    )
    await vi.advanceTimersByTimeAsync(seconds(1))
    expect(good.every(({ at }) => at !== undefined && at < 500)).toBe(true)
    expect(dead.some(({ at }) => at !== undefined)).toBe(false)
    await vi.advanceTimersByTimeAsync(seconds(89))
    expect(dead.every(({ error }) => (error as DistError)?.because === `dead ${how}`)).toBe(true)
    expect(dead.every(({ error }) => !(error as DistError).paused)).toBe(true)
    expect(hosts.asked.get('dead')).toBeLessThanOrEqual(6)
  })

  it('R28 waits longer for a host that has answered, and continues when it is available again', async () => {
    const hosts = new Hosts()
    const schedule = hosts.schedule()
    const first = timed(schedule.add('a', hosts.work('first', 'a')))
    await vi.advanceTimersByTimeAsync(100)
    expect(first.at).toBeDefined()
    hosts.failing.set('a', 'refuses')
    const others = Array.from({ length: 50 }, (_, i) => timed(schedule.add('a', hosts.work(`w${i}`, 'a'))))
    await vi.advanceTimersByTimeAsync(seconds(600))
    expect(others.some(({ at }) => at !== undefined)).toBe(false)
    hosts.failing.delete('a')
    await vi.advanceTimersByTimeAsync(seconds(181))
    expect(others.every(({ at, error }) => at !== undefined && error === undefined)).toBe(true)
  })

  it('R27 gives up a host that has answered after the time of its policy, and 12 requests', async () => {
    const hosts = new Hosts()
    await hosts.limiter.answered('a')
    hosts.failing.set('a', 'refuses')
    await vi.advanceTimersByTimeAsync(1)
    const only = timed(hosts.schedule().add('a', hosts.work('x', 'a')))
    await vi.advanceTimersByTimeAsync(seconds(905))
    expect(only.error).toMatchObject({ because: 'a refuses', paused: false })
    expect(hosts.asked.get('a')).toBe(12)
  })

  it('R27 sends at most 40 requests to a host that is always busy', async () => {
    const hosts = new Hosts()
    hosts.failing.set('a', 'is busy')
    const only = timed(hosts.schedule().add('a', hosts.work('x', 'a')))
    await vi.advanceTimersByTimeAsync(seconds(1_000))
    expect(only.error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    expect(hosts.asked.get('a')).toBeLessThanOrEqual(40)
  })

  it('R27 tries work that fails for another reason six times', async () => {
    const hosts = new Hosts()
    hosts.failing.set('a', 'fails')
    const work = hosts.work('x', 'a')
    const only = timed(hosts.schedule().add('a', work))
    await vi.advanceTimersByTimeAsync(seconds(60))
    expect(only.error).toMatchObject({ code: 'UNAVAILABLE' })
    expect(hosts.asked.get('a')).toBe(6)
    expect(work.delays).toHaveLength(5)
  })

  it('R28 delays only work that needs a dead host beside its own', async () => {
    const hosts = new Hosts()
    hosts.failing.set('blobs', 'refuses')
    const schedule = hosts.schedule()
    const stuck = Array.from({ length: 50 }, (_, i) =>
      timed(schedule.add('a', hosts.work(`s${i}`, 'a', 'blobs'))),
    )
    const good = Array.from({ length: 50 }, (_, i) => timed(schedule.add('a', hosts.work(`g${i}`, 'a'))))
    await vi.advanceTimersByTimeAsync(seconds(1))
    expect(good.every(({ at }) => at !== undefined)).toBe(true)
    await vi.advanceTimersByTimeAsync(seconds(89))
    expect(stuck.every(({ error }) => (error as DistError)?.host === 'blobs')).toBe(true)
    // Those that ran at first, then one at a time.
    expect(hosts.asked.get('blobs')).toBeLessThanOrEqual(8 + 5)
    // No requests while it waits: one for each work, and one for each request to the dead host.
    expect(hosts.asked.get('a')).toBeLessThanOrEqual(50 + 50 + 6)
  })

  it('R28 runs one work for a host that has not answered, then sixteen', async () => {
    const hosts = new Hosts()
    hosts.slow.set('a', 1_000)
    const schedule = hosts.schedule()
    for (let i = 0; i < 100; i++) void schedule.add('a', hosts.work(`w${i}`, 'a'))
    await vi.advanceTimersByTimeAsync(900)
    expect(hosts.running).toBe(1)
    await vi.advanceTimersByTimeAsync(seconds(3))
    expect(hosts.most).toBe(16)
  })

  it('R28 leaves slots beside a slow host, and hosts take turns', async () => {
    const hosts = new Hosts()
    hosts.slow.set('slow', 10_000)
    const schedule = hosts.schedule()
    for (let i = 0; i < 500; i++) void schedule.add('slow', hosts.work(`s${i}`, 'slow'))
    await vi.advanceTimersByTimeAsync(seconds(11))
    const good = ['a', 'b', 'c'].map((host) =>
      Array.from({ length: 100 }, (_, i) => timed(schedule.add(host, hosts.work(`${host}${i}`, host)))),
    )
    await vi.advanceTimersByTimeAsync(500)
    expect(good.flat().every(({ at }) => at !== undefined)).toBe(true)
  })

  it('ends work that is always refused by a host that answers others', async () => {
    const hosts = new Hosts()
    const because = 'a is busy'
    const attempt = vi.fn(async () => {
      const permit = await hosts.limiter.acquire('a')
      await hosts.limiter.answered('a')
      await hosts.limiter.pause('a', undefined, because)
      permit.release()
      throw new DistError('RESOURCE_EXHAUSTED', because, { host: 'a', because, retryable: true })
    })
    const ended = timed(hosts.schedule().add('a', { name: 'x', delayed: () => {}, attempt }))
    await vi.advanceTimersByTimeAsync(seconds(60))
    expect(ended.error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    expect(attempt.mock.calls.length).toBeLessThanOrEqual(2 * retries.attempts + 1)
  })

  it('does not retry a permanent error', async () => {
    const hosts = new Hosts()
    const gone = new DistError('NOT_FOUND', 'gone')
    const work = { name: 'x', delayed: vi.fn(), attempt: vi.fn().mockRejectedValue(gone) }
    expect(await hosts.schedule().add('a', work)).toEqual({ error: gone })
    expect(work.attempt).toHaveBeenCalledTimes(1)
    expect(work.delayed).not.toHaveBeenCalled()
  })

  it('ends all waiting work at an abort', async () => {
    const hosts = new Hosts()
    hosts.failing.set('dead', 'refuses').set('failing', 'fails')
    const abort = new AbortController()
    const schedule = hosts.schedule(abort.signal)
    const all = ['dead', 'dead', 'failing', 'failing'].map((host, i) =>
      timed(schedule.add(host, hosts.work(`w${i}`, host))),
    )
    await vi.advanceTimersByTimeAsync(500)
    expect(all.some(({ at }) => at !== undefined)).toBe(false)
    abort.abort()
    await vi.advanceTimersByTimeAsync(1)
    expect(all.every(({ error }) => (error as DistError)?.code === 'CANCELED')).toBe(true)
  })
})
