import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { startRedis, waitFor } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { openStore } from '@dist/wiring/store'
import { afterAll, expect, it, vi } from 'vitest'
import { perTest, sharedGateway } from '../support/servers.js'
import { metric, refusalOf, type StartedService, startService } from '../support/services.js'
import { useWorkspace } from '../support/workspace.js'

const mebibyte = 2 ** 20
const layer = seededLayer('slow', 40 * mebibyte)
const image = ociImage({ layers: [layer] })
const large = ociImage({ layers: [0, 1, 2, 3].map((i) => seededLayer(`large ${i}`, 48 * mebibyte)) })
const workspace = useWorkspace()
const gateway = await sharedGateway()
// Where the SDK looks for them when a test opens the store itself.
for (const [name, value] of Object.entries(gateway.env)) vi.stubEnv(name, value)
afterAll(() => vi.unstubAllEnvs())
const redis = perTest(() => startRedis())
const registry = perTest(async () => {
  const registry = await startRegistry()
  registry.content.putImage('app', 'v1', image)
  return registry
})

/** One bucket for all tests. Each test has its own store in it. */
const env = (prefix: string) => ({
  DIST_QUEUE: redis().url,
  DIST_STORE: gateway.url(prefix),
  ...gateway.env,
})

it('Q12 SIGTERM in mid-blob aborts the upload, hands the job back without an attempt, and another goes on', async () => {
  const slow = { path: layer.descriptor.digest }
  registry().script(slow, faults.drippingBody(mebibyte, 100), { times: 1 })
  const settings = { env: env('q12'), args: ['--deadline', '8s'] }
  await startService(workspace(), 'coordinator', settings).logged('ready')
  const first = startService(workspace(), 'worker', settings)
  await first.logged('ready')
  await using queue = await openQueue(redis().url, {})
  const run = await queue.runs.submit({ references: [`${registry().host}/app:v1`], platforms: 'all' })
  let offset = 0
  await waitFor(async () => {
    for await (const write of queue.statuses.list())
      if (write.ref.endsWith(layer.descriptor.digest)) offset = write.offset
    // More than a part: the upload has begun.
    return offset > 16 * mebibyte
  }, 'the status of the write')
  expect(await metric(first, 'dist_jobs_active')).toBe(1)

  await stopped(first, 8_000)
  await using store = await openStore({ store: gateway.url('q12') }, {})
  expect(await store.sweep(0)).toEqual([])
  expect(await queue.runs.status(run)).toMatchObject({
    state: 'running',
    blobs: { total: 2, done: 1, failed: 0 },
  })
  expect(first.lines().map(({ msg }) => msg)).not.toContain('blob retrying')
  await startService(workspace(), 'worker', settings).logged('ready')
  await waitFor(async () => (await queue.runs.status(run)).state === 'done', 'the run', 30_000)
})

it.each(['bucket', 'folder'])(
  'the process stays below its memory plus 150 MB, whatever it moves into a %s',
  async (kind) => {
    const store = kind === 'folder' ? { DIST_STORE: workspace().store } : {}
    const settings = { env: { ...env('memory'), ...store } }
    registry().content.putImage('large', 'v1', large)
    await startService(workspace(), 'coordinator', settings).logged('ready')
    const worker = startService(workspace(), 'worker', { ...settings, args: ['--memory', '64MiB'] })
    await worker.logged('ready')
    await using queue = await openQueue(redis().url, {})
    const run = await queue.runs.submit({ references: [`${registry().host}/large:v1`], platforms: 'all' })
    let most = 0
    await waitFor(
      async () => {
        most = Math.max(most, (await metric(worker, 'process_resident_memory_bytes')) ?? 0)
        return (await queue.runs.status(run)).state === 'done'
      },
      'the run',
      50_000,
    )
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThan(64 * mebibyte + 150e6)
  },
)

it.each([
  ['AWS_SECRET_ACCESS_KEY', 'wrong', /credential|secret|key/i],
  ['DIST_STORE', 's3://no-such-bucket/x', /no-such-bucket/],
])('a worker with a wrong %s does not start, and names what is wrong', async (name, value, message) => {
  const right = env('wrong')
  const wrong =
    name === 'DIST_STORE' ? right.DIST_STORE.replace(`s3://${gateway.bucket}/wrong`, value) : value
  const worker = startService(workspace(), 'worker', { env: { ...right, [name]: wrong } })
  const { code, error } = await refusalOf(worker)
  expect(code).toBe(1)
  expect(error.message).toMatch(message)
  expect(worker.running.stdout()).not.toContain(gateway.secretKey)
})

/** Stops it, and proves that it took no longer than its deadline. */
async function stopped(service: StartedService, deadline: number): Promise<void> {
  const before = performance.now()
  service.running.child.kill('SIGTERM')
  expect((await service.running.ended).code).toBe(0)
  expect(performance.now() - before).toBeLessThan(deadline)
}
