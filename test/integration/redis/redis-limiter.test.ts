import { setTimeout as delay } from 'node:timers/promises'
import { connectRedis, createRedisHostLimiter, type RedisHostLimiterOptions } from '@dist/redis'
import type { HostLimiter, Permit } from '@dist/remotes'
import { startRedis, waitFor } from '@dist/testkit/servers'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startProgram } from '../support/redis-program.js'
import { forFile } from '../support/servers.js'

const host = 'registry.example:5000'
const busy = `${host} is asked too much (429)`
const permitsKey = `{dist}:host:permits:requests ${host}`

const server = await forFile(startRedis())
const admin = await connectRedis(server.url)
afterAll(() => admin.disconnect())
const clients: Redis[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await admin.flushall()
})

async function limiter({ requests, ...options }: TestOptions = {}) {
  const redis = await connectRedis(server.url)
  clients.push(redis)
  const policy = requests === undefined ? {} : { policy: { requests } }
  return createRedisHostLimiter(redis, { ...options, ...policy })
}

type TestOptions = RedisHostLimiterOptions & { requests?: number | undefined }

/** Milliseconds until the next request to a host. */
const pausedFor = async (limiter: HostLimiter, host: string) =>
  Math.max(0, ((await limiter.state(host)).pausedUntil ?? 0) - Date.now())

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

async function waitForValue<T>(ask: () => Promise<T | undefined>): Promise<T> {
  let value: T | undefined
  await waitFor(async () => {
    value = await ask()
    return value !== undefined
  }, 'a value')
  return value as T
}

/** Whether a permit is granted before Redis gets two more commands. */
async function isAdmitted(waiting: Promise<Permit>): Promise<boolean> {
  let admitted = false
  void waiting.then(() => {
    admitted = true
  })
  const before = await questions()
  await waitFor(async () => admitted || (await questions()) >= before + 2, 'two questions')
  return admitted
}

async function questions(): Promise<number> {
  const stats = await admin.info('commandstats')
  const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  return calls('eval') + calls('evalsha')
}

describe('a host limit shared through Redis', () => {
  it('bounds the requests in flight over all clients', async () => {
    const limiters = await Promise.all([limiter({ requests: 3 }), limiter({ requests: 3 })])
    let inFlight = 0
    let most = 0
    const request = async (mine: HostLimiter) => {
      const permit = await mine.acquire(host)
      most = Math.max(most, ++inFlight)
      // Longer than one turn, so that requests overlap on a busy machine, too.
      await delay(10)
      inFlight--
      permit.release()
    }
    await Promise.all(Array.from({ length: 60 }, (_, i) => request(limiters[i % 2] as HostLimiter)))
    expect(most).toBe(3)
    await waitFor(async () => (await admin.zcard(permitsKey)) === 0, 'the last release')
  })

  it('bounds them over processes', async () => {
    const body = `
      const limiter = lib.createRedisHostLimiter(redis, { policy: { requests: 3 } })
      await Promise.all(Array.from({ length: 40 }, async () => {
        const permit = await limiter.acquire('${host}')
        say(String(await redis.incr('in flight')))
        await redis.decr('in flight')
        permit.release()
      }))
      await redis.quit()`
    await using a = startProgram(server.url, body)
    await using b = startProgram(server.url, body)
    await using c = startProgram(server.url, body)
    for (const program of [a, b, c]) expect(await program.ended()).toBe(0)
    const seen = [a, b, c].flatMap((program) => program.lines).map(Number)
    expect(seen).toHaveLength(120)
    expect(Math.max(...seen)).toBeLessThanOrEqual(3)
  })

  it('limits each host by itself', async () => {
    const mine = await limiter({ requests: 1 })
    await mine.acquire('one.example')
    await mine.pause('two.example', 60_000, 'two.example is busy')
    await mine.acquire('three.example')
    expect(await pausedFor(mine, 'one.example')).toBe(0)
  })

  it('costs one command for each request, and one for all that ask together', async () => {
    const mine = await limiter({ requests: 100 })
    const before = await questions()
    for (let i = 0; i < 20; i++) (await mine.acquire(host)).release()
    expect((await questions()) - before).toBe(20)
    await Promise.all(Array.from({ length: 50 }, () => mine.acquire(host)))
    expect((await questions()) - before).toBeLessThanOrEqual(22)
  })

  it.each([1, 2, 5])('starves no process beside a busy one, with %i slots', async (requests) => {
    const [busy, other] = [await limiter({ requests }), await limiter({ requests })]
    let admitted = 0
    let stop = false
    const loop = async () => {
      while (!stop) {
        const permit = await busy.acquire(host)
        admitted++
        await turn()
        permit.release()
      }
    }
    const loops = Promise.all(Array.from({ length: 40 }, loop))
    await waitFor(() => admitted > 40, 'the busy process at work')
    let otherAdmitted = 0
    for (; otherAdmitted < 3; otherAdmitted++) (await other.acquire(host)).release()
    stop = true
    await loops
    expect(otherAdmitted).toBe(3)
  })

  it('gives a process its equal share of slots beside one that has all', async () => {
    const [greedy, other] = [await limiter({ requests: 5 }), await limiter({ requests: 5 })]
    const held = await Promise.all(Array.from({ length: 5 }, () => greedy.acquire(host)))
    const mine = Promise.all([other.acquire(host), other.acquire(host)])
    const more = Promise.all([greedy.acquire(host), greedy.acquire(host)])
    expect(await isAdmitted(Promise.race([mine, more]).then(() => held[0] as Permit))).toBe(false)
    // Two slots that are freed one by one go to the process without any, not to the one with three.
    for (const permit of held.slice(0, 2)) permit.release()
    for (const permit of await mine) permit.release()
    await more
  })

  it('R23 pauses a host for all processes, only as long as it asked', async () => {
    const [one, other] = [await limiter(), await limiter()]
    const start = performance.now()
    await one.pause(host, 400, busy)
    expect(await pausedFor(other, host)).toBeGreaterThan(300)
    await expect(other.acquire(host)).rejects.toMatchObject({ paused: true, because: busy })
    const permit = await waitForValue(() => other.acquire(host).catch(() => undefined))
    expect(performance.now() - start).toBeGreaterThanOrEqual(399)
    expect(permit.probes).toBe(true)
  })

  it('R28 lets one process probe the host, and another after that one was killed', async () => {
    const policy = { firstProbe: 20 }
    const body = `
      const limiter = lib.createRedisHostLimiter(redis, { policy: { firstProbe: 20 }, lease: 600 })
      const permit = await limiter.acquire('${host}')
      say('probes ' + permit.probes)
      setInterval(() => {}, 1000)`
    const mine = await limiter({ policy, lease: 600 })
    await mine.failed(host, busy)
    await waitFor(async () => (await pausedFor(mine, host)) === 0, 'the end of the pause')
    await using killed = startProgram(server.url, body)
    await killed.says('probes true')
    await expect(mine.acquire(host)).rejects.toMatchObject({ paused: true })
    killed.process.kill('SIGKILL')
    const next = await waitForValue(() => mine.acquire(host).catch(() => undefined))
    expect(next.probes).toBe(true)
  })

  it('ends a wait with its signal, and leaves no key of it', async () => {
    const [one, other] = [await limiter({ requests: 1 }), await limiter({ requests: 1 })]
    const held = await one.acquire(host)
    const abort = new AbortController()
    const waiting = other.acquire(host, { signal: abort.signal })
    expect(await isAdmitted(waiting.catch(() => held))).toBe(false)
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
    await expect(other.acquire(host, { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELED' })
    held.release()
    held.release()
    const permit = await other.acquire(host)
    expect(await admin.zcard(permitsKey)).toBe(1)
    permit.release()
    await waitFor(async () => (await admin.zcard(permitsKey)) === 0, 'the release')
  })

  it('Q2 frees the permits of a killed process, and keeps those of a living one', async () => {
    const body = `
      const limiter = lib.createRedisHostLimiter(redis, { policy: { requests: 2 }, lease: 600 })
      await limiter.acquire('${host}')
      say('admitted')
      setInterval(() => {}, 1000)`
    await using killed = startProgram(server.url, body)
    await killed.says('admitted')
    const [mine, other] = [
      await limiter({ requests: 2, lease: 600 }),
      await limiter({ requests: 2, lease: 600 }),
    ]
    await mine.acquire(host)
    const waiting = other.acquire(host)
    expect(await isAdmitted(waiting)).toBe(false)
    killed.process.kill('SIGKILL')
    await waiting
    const third = (await limiter({ requests: 2, lease: 600 })).acquire(host)
    expect(await isAdmitted(third)).toBe(false)
    expect(await admin.zcard(permitsKey)).toBe(2)
  })

  it('S5 counts requests in flight again after FLUSHALL', async () => {
    const mine = await limiter({ lease: 150 })
    await Promise.all([mine.acquire(host), mine.acquire(host)])
    await admin.flushall()
    await expect.poll(() => admin.zcard(permitsKey), { timeout: 10_000 }).toBe(2)
  })
})

describe('a host limit without Redis', () => {
  it('lets transfers go on within this process, reports it once, and shares again when Redis is back', async () => {
    const events: string[] = []
    const options = {
      requests: 2,
      timeoutMs: 100,
      lease: 300,
      onAway: (error: { code: string }) => events.push(error.code),
      onBack: () => events.push('back'),
    }
    const mine = await limiter(options)
    const early = await mine.acquire(host)
    await server.kill()
    const kept = await mine.acquire(host)
    const third = mine.acquire(host)
    let admitted = false
    void third.then(() => {
      admitted = true
    })
    await turn()
    expect(admitted).toBe(false)
    early.release()
    const last = await third
    for (let i = 0; i < 20; i++) (await mine.acquire('other.example')).release()
    expect(events).toEqual(['UNAVAILABLE'])
    await server.start()
    await waitFor(() => events.length === 2, 'the return of Redis')
    expect(events).toEqual(['UNAVAILABLE', 'back'])
    // Only a few commands of more than twenty requests waited in the client.
    expect(await questions()).toBeLessThan(10)
    // Permits of requests under way count; those of ended requests do not, though they were requested.
    await waitFor(async () => (await admin.zcard(permitsKey)) === 2, 'the permits')
    const waiting = (await limiter({ requests: 2 })).acquire(host)
    expect(await isAdmitted(waiting)).toBe(false)
    kept.release()
    await waiting
    last.release()
  })

  it('leaves no permit of a request that ended before Redis got the command', async () => {
    let back = false
    const onBack = () => {
      back = true
    }
    const mine = await limiter({ timeoutMs: 100, lease: 60_000, onBack })
    process.kill(server.pid(), 'SIGSTOP')
    const permit = await mine.acquire(host).finally(() => {
      setImmediate(() => process.kill(server.pid(), 'SIGCONT'))
    })
    permit.release()
    await waitFor(() => back, 'the return of Redis')
    await expect.poll(() => admin.zcard(permitsKey), { timeout: 10_000 }).toBe(0)
  })

  it('keeps the known pauses', async () => {
    const mine = await limiter({ timeoutMs: 50 })
    await mine.pause(host, 400, busy)
    process.kill(server.pid(), 'SIGSTOP')
    try {
      expect(await pausedFor(mine, host)).toBeGreaterThan(200)
      await mine.pause('other.example', 60_000, 'other.example is busy')
      expect(await pausedFor(mine, 'other.example')).toBeGreaterThan(50_000)
      await expect(mine.acquire(host)).rejects.toMatchObject({ paused: true, because: busy })
      expect((await mine.states()).map((state) => state.host)).toEqual([host, 'other.example'])
    } finally {
      process.kill(server.pid(), 'SIGCONT')
    }
  })
})
