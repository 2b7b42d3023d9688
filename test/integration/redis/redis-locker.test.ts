import { connectRedis, createRedisLocker, type RedisLockerOptions } from '@dist/redis'
import { lockerSuite, lossyLockerSuite } from '@dist/testkit'
import { startRedis, waitFor } from '@dist/testkit/servers'
import type { Redis } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startProgram } from '../support/redis-program.js'
import { forFile } from '../support/servers.js'

const server = await forFile(startRedis())
const clients: Redis[] = []

afterEach(async () => {
  vi.useRealTimers()
  const admin = await connect()
  await admin.flushall()
  for (const client of clients.splice(0)) client.disconnect()
})

async function connect(): Promise<Redis> {
  const redis = await connectRedis(server.url)
  clients.push(redis)
  return redis
}

async function locker(options: RedisLockerOptions = {}) {
  return createRedisLocker(await connect(), options)
}

async function fixture() {
  const admin = await connect()
  return {
    locker: await locker({ ttl: 3_000, renewEvery: 50 }),
    other: await locker({ ttl: 3_000, renewEvery: 50 }),
    lose: async (key: string) => {
      await admin.del(`{dist}:lock:${key}`)
    },
    close: async () => {},
  }
}

lockerSuite('RedisLocker', fixture)
lossyLockerSuite('RedisLocker', fixture)

function lost(lock: { signal: AbortSignal }): Promise<void> {
  return waitFor(() => lock.signal.aborted, 'the loss of the lock')
}

/** Blocks the event loop: no timer fires, and no answer of Redis is read. */
function blockEventLoop(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

describe('a Redis lock', () => {
  it('is kept for longer than its TTL by renewal', async () => {
    const admin = await connect()
    await using lock = await (await locker({ ttl: 300, renewEvery: 20 })).acquire('key')
    const name = '{dist}:lock:key'
    // The time left goes up: the lock was renewed.
    for (let renewals = 0; renewals < 25; renewals++) {
      let left = await admin.pttl(name)
      await waitFor(async () => {
        const before = left
        left = await admin.pttl(name)
        return left > before
      }, 'a renewal')
    }
    expect(lock.signal.aborted).toBe(false)
  })

  it('is reported with its holder', async () => {
    await using _ = await (await locker({ owner: 'worker-7' })).acquire('sha256:abc')
    await expect((await locker()).acquire('sha256:abc', { wait: 0 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^sha256:abc is locked since \d{4}-.*Z by worker-7$/),
    })
  })

  it('leaves no key, and no timer that keeps the process alive', async () => {
    const lock = await (await locker()).acquire('key')
    await lock.release()
    expect(await (await connect()).keys('*')).toEqual([])
    const body = `
      const lock = await lib.createRedisLocker(redis).acquire('key')
      redis.disconnect()`
    await using program = startProgram(server.url, body)
    expect(await program.ended()).toBe(0)
  })

  it('S5 is lost by FLUSHALL, and its signal aborts', async () => {
    const mine = await locker({ ttl: 3_000, renewEvery: 20 })
    const locks = await Promise.all(['a', 'b', 'c'].map((key) => mine.acquire(key)))
    await (await connect()).flushall()
    await Promise.all(locks.map(lost))
    for (const lock of locks) expect(lock.signal.reason).toMatchObject({ code: 'UNAVAILABLE' })
    await using _ = await mine.acquire('a', { wait: 0 })
  })

  it('S5 is lost by a restart of Redis, before the next renewal', async () => {
    const redis = await connect()
    const mine = createRedisLocker(redis, { ttl: 600_000 })
    const lock = await mine.acquire('key')
    await server.restart()
    await lost(lock)
    await using _ = await mine.acquire('key', { wait: 0 })
    await lock.release()
    await expect((await locker()).acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('S5 is lost by the clock when Redis does not answer for a TTL', async () => {
    const lock = await (await locker({ ttl: 400 })).acquire('key')
    const asking = await locker({ timeoutMs: 200 })
    process.kill(server.pid(), 'SIGSTOP')
    try {
      await lost(lock)
      await expect(asking.acquire('other')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    } finally {
      process.kill(server.pid(), 'SIGCONT')
    }
    const other = await locker()
    // The command that timed out is granted late, and undone.
    await using _key = await other.acquire('key', { wait: 10_000 })
    await using _other = await other.acquire('other', { wait: 10_000 })
  })

  it('is granted when the connection broke before the answer and the command was sent again', async () => {
    const redis = await connect()
    const mine = createRedisLocker(redis)
    await (await mine.acquire('key')).release()
    process.kill(server.pid(), 'SIGSTOP')
    const waiting = mine.acquire('key', { wait: 0 })
    await new Promise((resolve) => setImmediate(resolve))
    redis.stream.destroy()
    process.kill(server.pid(), 'SIGCONT')
    await using lock = await waiting
    expect(lock.signal.aborted).toBe(false)
  })

  it('Q3 is lost by a holder whose event loop was blocked for a TTL, before anything else runs', async () => {
    const lock = await (await locker({ ttl: 300 })).acquire('key')
    const other = await locker()
    blockEventLoop(320)
    await new Promise((resolve) => setTimeout(resolve))
    expect(lock.signal.aborted).toBe(true)
    await using _ = await other.acquire('key')
    await lock.release()
    await expect((await locker()).acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('Q3 goes from a stopped process to another one, and the first notices it when it continues', async () => {
    const body = `
      const lock = await lib.createRedisLocker(redis, { ttl: 600, renewEvery: 50 }).acquire('key')
      lock.signal.addEventListener('abort', () => say('lost ' + lock.signal.reason.code))
      say('locked')
      setInterval(() => {}, 1000)`
    await using program = startProgram(server.url, body)
    await program.says('locked')
    const mine = await locker()
    await expect(mine.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    program.process.kill('SIGSTOP')
    await using lock = await mine.acquire('key', { wait: 20_000 })
    program.process.kill('SIGCONT')
    await program.says('lost UNAVAILABLE')
    expect(lock.signal.aborted).toBe(false)
    await expect((await locker()).acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('Q2 of a killed process is free after its TTL', async () => {
    const body = `
      await lib.createRedisLocker(redis, { ttl: 500 }).acquire('key')
      say('locked')
      setInterval(() => {}, 1000)`
    await using program = startProgram(server.url, body)
    await program.says('locked')
    program.process.kill('SIGKILL')
    await using lock = await (await locker()).acquire('key', { wait: 20_000 })
    expect(lock.signal.aborted).toBe(false)
  })

  it.each([10, -10])('Q13 does not depend on a clock that is %i minutes off', async (minutes) => {
    const mine = await locker({ ttl: 1_000, renewEvery: 20 })
    const admin = await connect()
    await using early = await mine.acquire('early')
    const trueTime = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: trueTime + minutes * 60_000 })
    await using late = await mine.acquire('late')
    const other = await locker()
    const renewals = async () =>
      Number(
        /calls=(\d+)/.exec(/cmdstat_pexpire:.*/.exec(await admin.info('commandstats'))?.[0] ?? '')?.[1] ?? 0,
      )
    const before = await renewals()
    await waitFor(async () => (await renewals()) >= before + 6, 'renewals')
    for (const lock of [early, late]) {
      expect(lock.signal.aborted).toBe(false)
      const refused = await other.acquire(lock.key, { wait: 0 }).catch((error: Error) => error.message)
      const since = Date.parse(/since (\S+)/.exec(String(refused))?.[1] ?? '')
      expect(Math.abs(since - trueTime)).toBeLessThan(60_000)
    }
  })

  it('Q6 survives a failover that is over within its TTL: the client connects again', async () => {
    const redis = await connect()
    const mine = createRedisLocker(redis, { ttl: 20_000, renewEvery: 20, timeoutMs: 300 })
    const lock = await mine.acquire('key')
    let connections = 0
    redis.on('ready', () => connections++)
    const admin = await connect()
    await admin.replicaof('127.0.0.1', '1')
    try {
      await expect(mine.acquire('new')).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining('replica'),
      })
      await waitFor(() => connections > 0, 'a new connection')
    } finally {
      await admin.replicaof('NO', 'ONE')
    }
    await using _ = await mine.acquire('new')
    expect(lock.signal.aborted).toBe(false)
    await lock.release()
  })

  it('Q6 waits for the end of a failover within its timeout', async () => {
    const admin = await connect()
    const mine = await locker({ timeoutMs: 20_000 })
    await admin.replicaof('127.0.0.1', '1')
    const waiting = mine.acquire('key')
    const refused = async () => /errorstat_READONLY:count=/.test(await admin.info('errorstats'))
    await waitFor(refused, 'the refusal').finally(() => admin.replicaof('NO', 'ONE'))
    await using lock = await waiting
    expect(lock.signal.aborted).toBe(false)
  })

  it('Q15 reports at once that its user may not lock', async () => {
    const strict = await startRedis({ users: ['worker on >right ~{dist}:* +@all -set'] })
    try {
      const redis = await connectRedis(strict.url, { username: 'worker', password: 'right' })
      clients.push(redis)
      const start = performance.now()
      await expect(createRedisLocker(redis).acquire('key')).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        retryable: false,
      })
      expect(performance.now() - start).toBeLessThan(4_000)
    } finally {
      await strict.stop()
    }
  })

  it('has one holder at a time over all processes', async () => {
    const body = `
      const locker = lib.createRedisLocker(redis, { owner: String(process.pid) })
      for (let i = 0; i < 25; i++) {
        const lock = await locker.acquire('key')
        if (await redis.incr('holders') !== 1) say('two holders')
        await redis.incr('turns')
        await redis.decr('holders')
        await lock.release()
      }
      redis.disconnect()`
    await using a = startProgram(server.url, body)
    await using b = startProgram(server.url, body)
    await using c = startProgram(server.url, body)
    for (const program of [a, b, c]) {
      expect(await program.ended()).toBe(0)
      expect(program.lines).toEqual([])
    }
    expect(await (await connect()).get('turns')).toBe('75')
  })
})
