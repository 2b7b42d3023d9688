import { createHostLimiter } from '@dist/remotes'
import { faults, pullQuota, workbench } from '@dist/testkit'
import { describe, expect, test, vi } from 'vitest'
import { client, putManifest, refTo, scripted } from './support.js'

describe('a host that limits its rate', () => {
  /** A client whose host has answered several requests. */
  async function proven() {
    const registry = await scripted()
    putManifest(registry)
    const limiter = createHostLimiter()
    const own = client({ limiter, retry: {} })
    const resolve = () => own.resolve(refTo(registry, 'a/b:1'))
    for (let i = 0; i < 6; i++) await resolve()
    return { registry, limiter, resolve }
  }

  test('R41 has a refused request delayed by Retry-After, and others go on', async () => {
    const { registry, limiter, resolve } = await proven()
    registry.script({}, faults.status(429, { 'retry-after': '3' }), { times: 1 })
    const began = performance.now()
    const refused = resolve()
    await registry.requested({}, 7)
    await resolve()
    expect(performance.now() - began).toBeLessThan(2_900)
    await refused
    expect(performance.now() - began).toBeGreaterThanOrEqual(2_950)
    expect(await limiter.states()).toEqual([])
    expect(await limiter.limits()).toMatchObject([{ host: registry.host, kind: 'manifests' }])
  })

  test('R23 is paused when it refuses all requests from then on', async () => {
    const { registry, limiter, resolve } = await proven()
    registry.script({}, faults.status(429))
    await expect(resolve()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: true })
    expect(await limiter.states()).toMatchObject([{ host: registry.host, asks: true }])
    expect(registry.requests.length).toBeLessThanOrEqual(6 + 4)
  })

  test('R23 is paused at once when it asks for more than 10 s', async () => {
    const { registry, limiter, resolve } = await proven()
    registry.script({}, faults.status(429, { 'retry-after': '60' }))
    await expect(resolve()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    expect(await limiter.states()).toMatchObject([{ host: registry.host, asks: true }])
    expect(registry.requests).toHaveLength(7)
  })
})

test('R41 a host that answers late instead of refusing gets fewer requests at the same time, and all when it recovers', async () => {
  const registry = await scripted()
  putManifest(registry)
  let atOnce = 100
  registry.script({}, workbench({ atOnce: () => atOnce, milliseconds: 30 }))
  const limiter = createHostLimiter({ requests: 16 })
  const own = client({ limiter, retry: {}, timeouts: {}, connectionsPerHost: 32 })
  const ask = (count: number) =>
    Promise.all(Array.from({ length: count }, () => own.resolve(refTo(registry, 'a/b:1'))))
  // On a busy machine answers may come late without this.
  const hasAll = () =>
    vi.waitUntil(
      async () => {
        await ask(32)
        return (await limiter.limits()).length === 0
      },
      { timeout: 20_000 },
    )
  await hasAll()
  atOnce = 1
  await ask(100)
  const [{ requests = 16 } = {}] = await limiter.limits()
  expect(requests).toBeLessThan(16)
  atOnce = 100
  await hasAll()
}, 60_000)

describe('a host with a quota of pulls', () => {
  async function limited(remaining: number, reservePulls = 0, quotaInterval = 60_000) {
    const registry = await scripted()
    putManifest(registry)
    const quota = { limit: 100, remaining }
    registry.script({ path: '/manifests/' }, pullQuota(quota))
    const limiter = createHostLimiter({ reservePulls, quotaInterval })
    const own = client({ limiter })
    const pull = () => own.resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
    const look = () => own.resolve(refTo(registry, 'a/b:1'), { intent: 'compare' })
    return { registry, limiter, quota, pull, look }
  }

  test('R42 gets pulls until only the reserve is left; then pulls wait, and HEADs go on', async () => {
    const { registry, limiter, quota, pull, look } = await limited(5, 3)
    await look()
    await pull()
    await pull()
    await expect(pull()).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      retryable: true,
      paused: true,
      host: registry.host,
      because: `${registry.host} allows 3 of 100 more pulls, and 3 stay in reserve: pulls wait for its quota`,
    })
    await look()
    expect(quota.remaining).toBe(3)
    expect(registry.received({ method: 'GET' })).toHaveLength(2)
    expect(await limiter.state(registry.host)).toMatchObject({ quota: { remaining: 3, limit: 100 } })
    expect((await limiter.state(registry.host)).pausedUntil).toBeUndefined()
  })

  test('R42 is asked by one HEAD in an interval, and pulls go on when there are more', async () => {
    const { registry, quota, pull, look } = await limited(1, 1, 300)
    await look()
    await expect(pull()).rejects.toMatchObject({ paused: true })
    await expect(pull()).rejects.toMatchObject({ paused: true })
    expect(registry.received({ method: 'HEAD' })).toHaveLength(1)
    await new Promise((resolve) => setTimeout(resolve, 320))
    await expect(Promise.allSettled([pull(), pull(), pull()])).resolves.toMatchObject([{}, {}, {}])
    expect(registry.received({ method: 'HEAD' })).toHaveLength(2)
    quota.remaining = 50
    await new Promise((resolve) => setTimeout(resolve, 320))
    await pull()
    expect(registry.received({ method: 'HEAD' })).toHaveLength(3)
    await pull()
    expect(registry.received({ method: 'GET' })).toHaveLength(2)
  })

  test('R42 counts pulls in flight: concurrent ones do not take the reserve', async () => {
    const { quota, pull, look } = await limited(6, 2)
    await look()
    const ended = await Promise.allSettled(Array.from({ length: 8 }, pull))
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
    expect(quota.remaining).toBe(2)
  })

  test('R42 that is used up without a warning refuses pulls, and only pulls wait', async () => {
    const { registry, limiter, pull, look } = await limited(0)
    await expect(pull()).rejects.toMatchObject({ paused: true, code: 'RESOURCE_EXHAUSTED' })
    await look()
    expect((await limiter.state(registry.host)).pausedUntil).toBeUndefined()
  })

  test('R42 may change in size, and may be gone', async () => {
    const { registry, limiter, quota, pull, look } = await limited(50)
    await look()
    Object.assign(quota, { limit: 10, remaining: 10 })
    await pull()
    await expect.poll(() => limiter.quotas()).toMatchObject([{ limit: 10, remaining: 9 }])
    registry.script({ path: '/manifests/' }, (_request, proper) => proper())
    await look()
    await expect.poll(() => limiter.quotas()).toEqual([])
  })
})
