import { freePort, waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { startDurableRedis } from '../support/durable-redis.js'
import { Gate } from '../support/gate.js'
import { perTest } from '../support/servers.js'
import { type StartedService, startService } from '../support/services.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = perTest(() => startDurableRedis())

const started = (name: Parameters<typeof startService>[1]) =>
  startService(workspace(), name, { env: { DIST_QUEUE: redis().url } })

/** Ends it by SIGTERM; resolves to how many milliseconds that took. */
async function stopped({ running }: StartedService): Promise<number> {
  const before = performance.now()
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
  return performance.now() - before
}

/** Neither prints of libraries nor their words. */
function expectPlain({ running }: StartedService): void {
  expect(running.stderr()).toBe('')
  expect(running.stdout()).not.toMatch(/ioredis|BullMQ|maxRetries|max retries|Connection is closed/i)
}

describe('a service that starts while Redis is away', () => {
  it.each(['coordinator', 'worker', 'dashboard'] as const)(
    'waits for it, says so once, and starts when it is there: %s',
    async (name) => {
      await redis().kill()
      const service = started(name)
      const { error } = await service.logged('waiting for Redis')
      expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') })
      const ready = await fetch(`${await service.healthUrl()}/readyz`)
      expect([ready.status, await ready.text()]).toEqual([
        503,
        expect.stringMatching(/^UNAVAILABLE: it is starting and waits: redis at .*ECONNREFUSED/),
      ])
      await redis().start()
      await service.logged('ready')
      expect(service.lines().filter(({ msg }) => msg === 'waiting for Redis')).toHaveLength(1)
      await stopped(service)
      expectPlain(service)
    },
  )

  it.each(['coordinator', 'worker', 'dashboard'] as const)('obeys SIGTERM meanwhile: %s', async (name) => {
    await redis().kill()
    const service = started(name)
    await service.logged('waiting for Redis')
    expect(await stopped(service)).toBeLessThan(2_000)
    expect(service.lines().at(-1)?.msg).toMatch(/^stopped/)
    expectPlain(service)
  })
})

describe('a service whose first connection is made, and no other for a while,', () => {
  it.each(['coordinator', 'worker'] as const)('becomes ready when they are: %s', async (name) => {
    await using gate = await new Gate(redis().url).listen()
    gate.left = 1
    const env = { DIST_QUEUE: `redis://127.0.0.1:${gate.port}` }
    const service = startService(workspace(), name, { env })
    await waitFor(() => gate.refused >= 4, 'connections that are refused')
    gate.left = Number.POSITIVE_INFINITY
    await service.logged('ready')
    await waitFor(async () => (await fetch(`${await service.url()}/readyz`)).status === 200, 'readiness')
    await stopped(service)
    expectPlain(service)
  })
})

it('a service that starts while its bucket is away waits for it, says so, and obeys SIGTERM meanwhile', async () => {
  const store = `s3://bucket/x?endpoint=http://127.0.0.1:${await freePort()}`
  const env = {
    DIST_QUEUE: redis().url,
    DIST_STORE: store,
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  }
  const service = startService(workspace(), 'worker', { env })
  const { error } = await service.logged('waiting for the store')
  expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('s3://bucket/x') })
  expect(await (await fetch(`${await service.url()}/readyz`)).text()).toContain('s3://bucket/x')
  expect(await stopped(service)).toBeLessThan(2_000)
  expect(service.lines().at(-1)?.msg).toBe('stopped before it had started')
})

describe('idle services', () => {
  it('say once that Redis is away, with the code, and once that it is back', async () => {
    const services = [started('coordinator'), started('worker')]
    for (const service of services) await service.logged('ready')
    await redis().kill()
    for (const service of services) await service.logged('Redis is away')
    for (const service of services)
      await waitFor(async () => (await fetch(`${await service.url()}/readyz`)).status === 503, 'the outage')
    await redis().start()
    for (const service of services) {
      await service.logged('Redis is back')
      await waitFor(async () => (await fetch(`${await service.url()}/readyz`)).status === 200, 'readiness')
      const loud = service.lines().filter(({ level }) => level === 'warn' || level === 'error')
      expect(loud).toMatchObject([{ msg: 'Redis is away', error: { code: 'UNAVAILABLE' } }])
      await stopped(service)
      expectPlain(service)
    }
  })

  it.each(['coordinator', 'worker', 'dashboard'] as const)(
    'end at SIGTERM also while Redis is away, within 2 s: %s',
    async (name) => {
      const service = started(name)
      await service.logged('ready')
      await redis().kill()
      await service.logged('Redis is away')
      expect(await stopped(service)).toBeLessThan(2_000)
      expectPlain(service)
    },
  )
})
