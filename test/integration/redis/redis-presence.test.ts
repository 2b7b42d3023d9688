import {
  announceService,
  connectRedis,
  createRedisLocker,
  type Presence,
  type PresenceOptions,
  serviceLister,
} from '@dist/redis'
import { startRedis, waitFor } from '@dist/testkit/servers'
import type { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { forFile } from '../support/servers.js'

const terms = { expiry: 600, grace: 300, every: 50 }
const thread = new URL('../../../services/cli/bundle/heartbeat.js', import.meta.url)

const server = await forFile(startRedis())
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  const admin = await connectRedis(server.url)
  await admin.flushall()
  admin.disconnect()
})

async function connect(): Promise<Redis> {
  const redis = await connectRedis(server.url)
  open.push(() => redis.disconnect())
  return redis
}

async function announced(name: string, options: Partial<PresenceOptions> = {}): Promise<Presence> {
  const about = { service: 'worker', name, version: '1.2.3', host: 'here', pid: 7 }
  const presence = await announceService(await connect(), {
    ...terms,
    ...{ url: server.url, options: {}, about, thread },
    ...options,
  })
  open.push(() => presence[Symbol.asyncDispose]())
  return presence
}

/** Ends a service like kill -9: it is not shown again. */
async function killed(presence: Presence): Promise<void> {
  await presence[Symbol.asyncDispose]()
  await (await connect()).zadd('{dist}:services', Date.now() - 60_000, presence.id)
}

/** Resolves when services were seen for so long that others may count as gone. */
async function steady(presence: Presence): Promise<void> {
  await waitFor(async () => (await presence.gone(['0'.repeat(16)])).length === 1, 'a dead service')
}

describe('an announced service', () => {
  it('is listed while it is alive, and not after it has left', async () => {
    const list = serviceLister(await connect(), terms)
    const before = Date.now()
    const presence = await announced('w1')
    presence.countJobs(() => 3)
    await waitFor(async () => (await list())[0]?.active === 3, 'its jobs')
    const [entry] = await list()
    expect(entry).toMatchObject({
      ...{ id: presence.id, service: 'worker', name: 'w1', version: '1.2.3', host: 'here', pid: 7 },
      alive: true,
    })
    expect(entry?.silentSince).toBeUndefined()
    expect(entry?.startedAt.getTime()).toBeGreaterThanOrEqual(before - 1_000)
    await presence[Symbol.asyncDispose]()
    expect(await list()).toEqual([])
  })

  it('is listed again after Redis was wiped', async () => {
    const list = serviceLister(await connect(), terms)
    await announced('w1')
    await (await connect()).flushall()
    await expect.poll(list, { timeout: 10_000 }).toHaveLength(1)
  })

  it('stays alive while its main thread is blocked, and reports for how long', async () => {
    const list = serviceLister(await connect(), terms)
    const admin = await connect()
    const { id } = await announced('w1')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
    expect(Number(await admin.hget(`{dist}:service:${id}`, 'still'))).toBeGreaterThan(1_000)
    expect(await list()).toMatchObject([{ alive: true }])
  })
})

describe('a service that is gone', () => {
  it('is distinguished from a living one', async () => {
    const [living, dead] = [await announced('w1'), await announced('w2')]
    await steady(living)
    expect(await living.gone([living.id, dead.id])).toEqual([])
    await killed(dead)
    expect(await living.gone([living.id, dead.id])).toEqual([dead.id])
  })

  it('does not exist right after an outage of all services: they have the time to be seen again', async () => {
    const [living, dead] = [await announced('w1'), await announced('w2')]
    await steady(living)
    await killed(dead)
    await (await connect()).del('{dist}:services-steady')
    expect(await living.gone([dead.id])).toEqual([])
    await waitFor(async () => (await living.gone([dead.id])).length === 1, 'the end of the grace')
  })

  it('loses its locks at once; a living one keeps them', async () => {
    const [living, dead] = [await announced('w1'), await announced('w2')]
    await steady(living)
    const locker = async (presence: Presence) => createRedisLocker(await connect(), { owner: 'w', presence })
    const [mine, theirs] = [await locker(living), await locker(dead)]
    await theirs.acquire('a')
    await mine.acquire('b')
    await expect(mine.acquire('a', { wait: 0 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^a is locked since .* by w$/),
    })
    await killed(dead)
    await mine.acquire('a', { wait: 0 })
    await expect(theirs.acquire('b', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE', held: true })
  })
})
