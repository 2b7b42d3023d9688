import { connectRedis, createRedisHostLimiter } from '@dist/redis'
import { startRedis, waitFor } from '@dist/testkit/servers'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, expect, it } from 'vitest'
import { forFile } from '../support/servers.js'

const host = 'registry.example:5000'
const busy = `${host} is asked too much (429)`
const server = await forFile(startRedis())
const admin = await connectRedis(server.url)
afterAll(() => admin.disconnect())
const clients: Redis[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await admin.flushall()
})

async function limiter() {
  const redis = await connectRedis(server.url)
  clients.push(redis)
  return createRedisHostLimiter(redis)
}

const listed = async (of: Awaited<ReturnType<typeof limiter>>) => (await of.states()).map((each) => each.host)

it('a pause that is ended early ends for all processes: one request probes, and its answer ends the trouble', async () => {
  const [paused, other, user] = await Promise.all([limiter(), limiter(), limiter()])
  await paused.pause(host, 600_000, busy)
  const refused = { paused: true, host }
  await expect(paused.acquire(host)).rejects.toMatchObject(refused)
  await expect(other.acquire(host)).rejects.toMatchObject(refused)
  expect(await user.resume(host)).toBe(true)
  expect(await user.resume(host)).toBe(false)
  await waitFor(async () => {
    const permit = await paused.acquire(host).catch(() => undefined)
    if (permit?.probes) await paused.answered(host)
    permit?.release()
    return permit?.probes === true
  }, 'a probe')
  expect(await listed(user)).toEqual([])
  // A process learns of the end within a second.
  await waitFor(async () => {
    const permit = await other.acquire(host).catch(() => undefined)
    permit?.release()
    return permit?.probes === false
  }, 'a request of the other process')
})

it('a host that nobody asks is listed for half a minute behind its pause, and no longer', async () => {
  const [paused, reader] = await Promise.all([limiter(), limiter()])
  await paused.pause(host, 600_000, busy)
  const key = `{dist}:host:trouble:${host}`
  await admin.hset(key, 'until', Date.now() - 10_000)
  expect(await listed(reader)).toEqual([host])
  await admin.hset(key, 'until', Date.now() - 40_000)
  expect(await listed(reader)).toEqual([])
  // The next failure still causes a longer pause.
  expect((await reader.state(host)).because).toBe(busy)
})

it('how a host answers is counted for all processes', async () => {
  const [one, two] = await Promise.all([limiter(), limiter()])
  await one.answered(host, { latency: 10 })
  await two.answered(host, { latency: 30 })
  await two.answered('other.example', {})
  await two.refused(host, undefined, busy)
  const answersOf = async () => (await one.answers()).toSorted((a, b) => (a.host < b.host ? 1 : -1))
  await waitFor(
    async () => (await answersOf()).length === 2 && (await answersOf())[0]?.answers === 3,
    'counts',
  )
  expect(await answersOf()).toEqual([
    { host, answers: 3, refused: 1, latency: 20 },
    { host: 'other.example', answers: 1, refused: 0 },
  ])
})

it('a wait for a quota is ended early by one question, and goes on while the quota is used up', async () => {
  const [first, other, user] = await Promise.all([limiter(), limiter(), limiter()])
  const quota = { source: '203.0.113.7', remaining: 0, limit: 100 }
  for (const each of [first, other]) await each.told(host, quota)
  expect(await user.askForPulls(host)).toBe(false)
  const waits = {
    paused: true,
    host,
    because: `${host} allows 0 of 100 more pulls: pulls wait for its quota`,
  }
  await expect(first.admitPull(host)).rejects.toMatchObject(waits)
  expect(await user.askForPulls('other.example')).toBe(false)
  expect(await user.askForPulls(host)).toBe(true)
  expect(await first.pullTurn(host)).toBe('try')
  expect(await other.pullTurn(host)).toBeGreaterThan(0)
  expect(await first.admitPull(host)).toBe('ask')
  await first.told(host, quota)
  for (const each of [first, other]) await expect(each.admitPull(host)).rejects.toMatchObject(waits)
  expect(await user.askForPulls(host)).toBe(true)
  expect(await other.admitPull(host)).toBe('ask')
  await other.told(host, { ...quota, remaining: 50 })
  expect(await first.admitPull(host)).toBe('pull')
  expect(await user.askForPulls(host)).toBe(false)
})
