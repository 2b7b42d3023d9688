import { connectRedis, createRedisStatuses, type RedisStatusesOptions, type WorkerStatus } from '@dist/redis'
import { startRedis, waitFor } from '@dist/testkit/servers'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, expect, it } from 'vitest'
import { startProgram } from '../support/redis-program.js'
import { forFile } from '../support/servers.js'

const server = await forFile(startRedis())
const admin = await connectRedis(server.url)
afterAll(() => admin.disconnect())
const clients: Redis[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await admin.flushall()
})

async function statuses(worker: string, options: Partial<RedisStatusesOptions> = {}) {
  const redis = await connectRedis(server.url)
  clients.push(redis)
  return createRedisStatuses(redis, { every: 20, ...options, worker })
}

function write(ref: string, offset: number): Omit<WorkerStatus, 'worker'> {
  return { ref, offset, total: 100, startedAt: new Date(1000), updatedAt: new Date(2000) }
}

async function listed(options: Partial<RedisStatusesOptions> = {}): Promise<string[]> {
  const rows: string[] = []
  for await (const { worker, ref, offset } of (await statuses('reader', options)).list())
    rows.push(`${worker} ${ref} ${offset}`)
  return rows.sort()
}

async function expectListedSoon(expected: string[]): Promise<void> {
  await expect.poll(listed, { timeout: 10_000 }).toEqual(expected)
}

it('lists the writes of all workers, as they were last published', async () => {
  const [one, two] = [await statuses('one'), await statuses('two')]
  for (let offset = 0; offset < 50; offset++) one.publish(write('a', offset))
  one.publish(write('b', 1))
  two.publish(write('a', 7))
  await expectListedSoon(['one a 49', 'one b 1', 'two a 7'])
  const all: WorkerStatus[] = []
  for await (const status of one.list()) all.push(status)
  expect(all).toContainEqual({ ...write('a', 49), worker: 'one' })
})

it('does not list an ended write, and leaves no key when all have ended', async () => {
  const one = await statuses('one')
  one.publish(write('a', 1))
  one.publish(write('b', 1))
  await expectListedSoon(['one a 1', 'one b 1'])
  one.remove('a')
  one.remove('never published')
  await expectListedSoon(['one b 1'])
  one.remove('b')
  await expect.poll(() => admin.keys('*'), { timeout: 10_000 }).toEqual([])
})

it('removes its writes when it is closed', async () => {
  {
    await using one = await statuses('one')
    one.publish(write('a', 1))
    await expectListedSoon(['one a 1'])
  }
  expect(await admin.keys('*')).toEqual([])
})

it('publishes at most once in an interval, whatever is reported', async () => {
  const one = await statuses('one', { every: 60_000 })
  one.publish(write('a', 1))
  await expectListedSoon(['one a 1'])
  const sets = async () => /cmdstat_set:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]
  const before = await sets()
  for (let offset = 2; offset < 1000; offset++) {
    one.publish(write('a', offset))
    one.publish(write(`b${offset}`, offset))
  }
  await expectListedSoon(['one a 1'])
  expect(await sets()).toBe(before)
})

it('keeps a write without progress listed, and one that Redis has lost', async () => {
  const one = await statuses('one', { ttl: 200 })
  one.publish(write('a', 1))
  await expectListedSoon(['one a 1'])
  await admin.flushall()
  await expectListedSoon(['one a 1'])
  const left = async () => admin.pttl((await admin.keys('{dist}:status:*'))[0] ?? '')
  let last = await left()
  // The time left goes up: the snapshot was put again.
  for (let i = 0; i < 15; i++)
    await waitFor(async () => {
      const before = last
      last = await left()
      return last > before
    }, 'a publication')
})

it('Q2 stops listing the writes of a killed worker after its TTL', async () => {
  const body = `
    const mine = lib.createRedisStatuses(redis, { worker: 'killed', every: 20, ttl: 500 })
    mine.publish({ ref: 'a', offset: 1, startedAt: new Date(), updatedAt: new Date() })
    setInterval(() => {}, 1000)`
  await using program = startProgram(server.url, body)
  await waitFor(async () => (await listed()).length === 1, 'the publication', 20_000)
  program.process.kill('SIGKILL')
  await expectListedSoon([])
  const one = await statuses('one')
  one.publish(write('b', 1))
  await expectListedSoon(['one b 1'])
  expect(await admin.zcard('{dist}:statuses')).toBe(1)
})

it('lists valid snapshots beside invalid ones', async () => {
  const one = await statuses('one')
  one.publish(write('a', 1))
  await expectListedSoon(['one a 1'])
  const odd = ['', 'no json', '{}', '[1]', '["w",null]', '["w",["r",-1,null,0,0]]', 'x'.repeat(2 << 20)]
  for (const [i, value] of odd.entries()) {
    await admin.set(`{dist}:status:odd${i}`, value)
    await admin.zadd('{dist}:statuses', Date.now() + 60_000, `odd${i}`)
  }
  await admin.zadd('{dist}:statuses', Date.now() + 60_000, 'no such worker')
  expect(await listed()).toEqual(['one a 1'])
})

it('blocks no writer while Redis is away, and is UNAVAILABLE to readers', async () => {
  const one = await statuses('one', { timeoutMs: 300 })
  await server.kill()
  for (let i = 0; i < 1000; i++) one.publish(write('a', i))
  const reading = one.list()[Symbol.asyncIterator]().next()
  await expect(reading).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await server.start()
  await expectListedSoon(['one a 999'])
})
