import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { startRedis, waitFor } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { beforeEach, describe, expect, it } from 'vitest'
import { forFile, useRegistry } from '../support/servers.js'
import { metric, startService } from '../support/services.js'
import { useWorkspace } from '../support/workspace.js'

const registry = useRegistry((server) => pushImage(server.url, 'app', 'v1', singleImage))
const workspace = useWorkspace()
const redis = await forFile(startRedis({ password: 'hunter2' }))
beforeEach(() => redis.restart())

const env = () => ({ DIST_QUEUE: redis.url, DIST_QUEUE_PASSWORD: 'hunter2' })

/** Submits the image, and resolves to the state in which its run ends. */
async function mirrored(): Promise<string> {
  await using queue = await openQueue(redis.url, env())
  const run = await queue.runs.submit({ references: [`${registry().host}/app:v1`], platforms: 'all' })
  await waitFor(async () => (await queue.runs.status(run)).state !== 'running', 'the run')
  return (await queue.runs.status(run)).state
}

describe('a coordinator and a worker, each a process of its own', () => {
  it('become ready, mirror an image, count it, and stop when they are told to', async () => {
    const services = (['coordinator', 'worker'] as const).map((name) =>
      startService(workspace(), name, { env: env() }),
    )
    const [coordinator, worker] = services
    if (coordinator === undefined || worker === undefined) return expect.unreachable()
    for (const service of services) {
      await service.logged('ready')
      expect((await fetch(`${await service.url()}/healthz`)).status).toBe(200)
      expect((await fetch(`${await service.url()}/readyz`)).status).toBe(200)
    }
    expect(await mirrored()).toBe('done')
    const blobs = singleImage.blobs.length
    expect(await metric(worker, 'dist_jobs_total{kind="blob",result="done"}')).toBe(blobs)
    expect(await metric(worker, 'dist_fetched_bytes_total')).toBe(
      singleImage.blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
    )
    expect(await metric(coordinator, 'dist_jobs_total{kind="image",result="done"}')).toBe(1)
    expect(await metric(coordinator, 'dist_queue_jobs{queue="blobs",state="failed"}')).toBe(0)
    for (const service of services) {
      service.running.child.kill('SIGTERM')
      expect((await service.running.ended).code).toBe(0)
      expect(service.lines().at(-1)?.msg).toBe('stopped')
      expect(service.running.stdout() + service.running.stderr()).not.toContain('hunter2')
    }
  })

  it('are not ready while Redis is away, say why, and are ready again when it is back', async () => {
    const worker = startService(workspace(), 'worker', { env: env() })
    await worker.logged('ready')
    const url = await worker.url()
    await redis.kill()
    await waitFor(async () => (await fetch(`${url}/readyz`)).status === 503, 'the worker noticing')
    expect(await (await fetch(`${url}/readyz`)).text()).toMatch(/^(UNAVAILABLE|DEADLINE_EXCEEDED): /)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    await redis.start()
    await waitFor(async () => (await fetch(`${url}/readyz`)).status === 200, 'readiness', 30_000)
  })

  it('Q12 stop within their deadline also while Redis is away', async () => {
    const coordinator = startService(workspace(), 'coordinator', {
      env: env(),
      args: ['--deadline', '1s'],
    })
    await coordinator.logged('ready')
    await redis.kill()
    const before = performance.now()
    coordinator.running.child.kill('SIGTERM')
    expect((await coordinator.running.ended).code).toBe(0)
    expect(performance.now() - before).toBeLessThan(4_000)
    await redis.start()
  })
})
