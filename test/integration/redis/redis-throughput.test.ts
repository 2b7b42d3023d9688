import { connectRedis, readThroughput, recordThroughput } from '@dist/redis'
import { startRedis } from '@dist/testkit/servers'
import { afterAll, expect, it } from 'vitest'
import { forFile } from '../support/servers.js'

const server = await forFile(startRedis())
const redis = await connectRedis(server.url)
afterAll(() => redis.disconnect())

it('adds up what several services do, in steps of an hour and of a day, by keys that expire', async () => {
  const recorders = [recordThroughput(redis, { every: 10 }), recordThroughput(redis, { every: 10 })]
  for (const recorder of recorders)
    for (let i = 0; i < 100; i++) recorder.add({ bytes: 1000, images: i % 2, failed: i === 7 ? 1 : 0 })
  for (const recorder of recorders) await recorder[Symbol.asyncDispose]()
  const { hour, day } = await readThroughput(redis)
  expect([hour.length, day.length]).toEqual([60, 96])
  for (const steps of [hour, day]) {
    expect(steps.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(200_000)
    expect(steps.reduce((sum, { images }) => sum + images, 0)).toBe(100)
    expect(steps.reduce((sum, { failed }) => sum + failed, 0)).toBe(2)
    const times = steps.map(({ at }) => at.getTime())
    expect(new Set(times.slice(1).map((time, i) => time - (times[i] ?? 0))).size).toBe(1)
    expect(Date.now() - (times.at(-1) ?? 0)).toBeLessThan((times[1] ?? 0) - (times[0] ?? 0) + 5_000)
  }
  const keys = await redis.keys('{dist}:throughput:*')
  expect(keys.length).toBeLessThanOrEqual(4)
  for (const key of keys) expect(await redis.ttl(key)).toBeGreaterThan(3_000)
})

it('keeps what it could not record for the next time', async () => {
  const before = (await readThroughput(redis)).day.reduce((sum, { bytes }) => sum + bytes, 0)
  const recorder = recordThroughput(redis, { every: 10 })
  await redis.config('SET', 'maxmemory', '1')
  recorder.add({ bytes: 5 })
  await recorder[Symbol.asyncDispose]()
  await redis.config('SET', 'maxmemory', '0')
  await recorder[Symbol.asyncDispose]()
  const after = (await readThroughput(redis)).day.reduce((sum, { bytes }) => sum + bytes, 0)
  expect(after - before).toBe(5)
})
