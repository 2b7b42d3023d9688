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

const isReady = async (service: StartedService) =>
  (await fetch(`${await service.healthUrl()}/readyz`)).status === 200

/** What a service says of Redis by warnings and errors, up to an outage. */
const loudLines = (service: StartedService) =>
  service.lines().filter(({ level }) => level === 'warn' || level === 'error')

describe.each(['coordinator', 'worker', 'dashboard'] as const)('a %s', (name) => {
  it('that starts while Redis is away waits for it, says so once, and starts when it is there; idle it says once that Redis is away, with the code, and once that it is back; it ends at SIGTERM also while Redis is away, long before the deadline of 10 s', async () => {
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
    await redis().kill()
    await service.logged('Redis is away')
    await waitFor(async () => !(await isReady(service)), 'the outage', 30_000)
    await redis().start()
    await service.logged('Redis is back')
    await waitFor(() => isReady(service), 'readiness', 30_000)
    expect(loudLines(service)).toMatchObject([
      { msg: 'waiting for Redis' },
      { msg: 'Redis is away', error: { code: 'UNAVAILABLE' } },
    ])
    await redis().kill()
    await waitFor(async () => !(await isReady(service)), 'the second outage', 30_000)
    expect(await stopped(service)).toBeLessThan(9_000)
    expectPlain(service)
  })
})

describe('a service that starts while Redis is away', () => {
  it.each(['coordinator', 'worker', 'dashboard'] as const)('obeys SIGTERM meanwhile: %s', async (name) => {
    await redis().kill()
    const service = started(name)
    await service.logged('waiting for Redis')
    expect(await stopped(service)).toBeLessThan(9_000)
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
    await waitFor(() => gate.refused >= 4, 'connections that are refused', 30_000)
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
  expect(await stopped(service)).toBeLessThan(9_000)
  expect(service.lines().at(-1)?.msg).toBe('stopped before it had started')
})
