import { describeObstacle } from '@dist/runs'
import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { Queue } from 'bullmq'
import { expect, it } from 'vitest'
import { perTest } from '../support/servers.js'
import { metric, type StartedService, startService } from '../support/services.js'
import { useRedis } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const layer = seededLayer('held', 40_000)
const image = ociImage({ layers: [layer] })
const workspace = useWorkspace()
const redis = useRedis()
const registry = perTest(async () => {
  const registry = await startRegistry()
  registry.content.putImage('app', 'v1', image)
  return registry
})

const queue = () => ['--queue', redis().url]

async function started(
  name: 'coordinator' | 'worker',
  args: readonly string[] = [],
): Promise<StartedService> {
  const service = startService(workspace(), name, { args, env: { DIST_QUEUE: redis().url } })
  await service.logged('ready')
  return service
}

async function submitted(...references: string[]): Promise<void> {
  await using client = await openQueue(redis().url, {})
  await client.runs.submit({ references, platforms: 'all' })
}

/** Waits until `dist status` says so. Before, the obstacles are looked at here: a command takes longer. */
async function statusSays(pattern: RegExp): Promise<void> {
  await using client = await openQueue(redis().url, {})
  let said = ''
  const says = async () => {
    const obstacles = await client.obstacles()
    if (!obstacles.some((each) => pattern.test(`waits ${describeObstacle(each)}`))) return false
    said = (await workspace().dist(['status', ...queue()])).stdout
    return pattern.test(said)
  }
  await waitFor(says, `${pattern} from dist status`, 40_000).catch((error: unknown) => {
    throw new Error(`${error}: ${said}`)
  })
}

async function readyz(service: StartedService): Promise<string> {
  const response = await fetch(`${await service.url()}/readyz`)
  expect(response.status).toBe(200)
  return await response.text()
}

it('Q18 no service is alive: status and the progress of a run that is followed say so', async () => {
  const following = workspace().start(['mirror', ...queue(), `${registry().host}/app:v1`])
  await following.said('no coordinator is alive: start dist coordinator')
  await following.said('no worker is alive: start dist worker')
  expect(following.stderr()).not.toContain('ETA')
  await statusSays(/^waits +no worker is alive: start dist worker$/m)
  const { stdout } = await workspace().dist(['status', '--json', ...queue()])
  expect(jsonLines(stdout)).toMatchObject([
    {
      obstacles: [
        { kind: 'no-service', service: 'coordinator' },
        { kind: 'no-service', service: 'worker' },
      ],
    },
  ])
})

it('Q18 a paused queue and a paused host: status, metrics and /readyz, which stays 200, say so', async () => {
  registry().script({ path: '/app/manifests/' }, faults.status(429, { 'retry-after': '600' }))
  const coordinator = await started('coordinator')
  await started('worker')
  const blobs = new Queue('blobs', { connection: { port: redis().port }, prefix: '{dist}' })
  await blobs.pause()
  await blobs.close()
  await submitted(`${registry().host}/app:v1`)
  await statusSays(/^waits +the queue blobs is paused/m)
  await statusSays(
    new RegExp(`^waits +${registry().host} is paused until [-0-9T:]+Z \\(in \\d+ min\\): `, 'm'),
  )
  await waitFor(async () => (await readyz(coordinator)).includes('the queue blobs is paused'), '/readyz')
  expect(await readyz(coordinator)).toMatch(new RegExp(`^ok\n.*${registry().host} is paused until`, 's'))
  expect(await metric(coordinator, 'dist_queue_paused{queue="blobs"}')).toBe(1)
  expect(await metric(coordinator, 'dist_queue_paused{queue="runs"}')).toBe(0)
  expect(await metric(coordinator, 'dist_services_missing{service="worker"}')).toBe(0)
  const text = await (await fetch(`${await coordinator.url()}/metrics`)).text()
  const [, until] = /^dist_host_paused_until_timestamp_seconds\{host="127[^}]*\} (\S+)$/m.exec(text) ?? []
  expect(Number(until) - Date.now() / 1_000).toBeGreaterThan(500)
})

it('Q18 a worker that was killed: who has the blob is said, and since when there was no sign of life', async () => {
  registry().script({ path: layer.descriptor.digest }, faults.stalledBody(10))
  const coordinator = await started('coordinator')
  const worker = await started('worker', ['--name', 'w1'])
  await submitted(`${registry().host}/app:v1`)
  await registry().requested({ path: layer.descriptor.digest })
  worker.running.child.kill('SIGKILL')
  await statusSays(
    new RegExp(`^waits +blob ${layer.descriptor.digest} is held by w1, silent since .* ago\\)$`, 'm'),
  )
  expect(await metric(coordinator, 'dist_jobs_held_by_silent_services{queue="blobs"}')).toBeGreaterThan(0)
  await statusSays(/^waits +no worker is alive, last seen \d+ s ago: start dist worker$/m)
  expect(await readyz(coordinator)).toMatch(/^ok\nno worker is alive/)
  expect(await metric(coordinator, 'dist_services_missing{service="worker"}')).toBe(1)
})

it('Q18 images that wait to be tried again: status says how many, until when, and why', async () => {
  registry().script({ path: layer.descriptor.digest }, faults.cutBody(100))
  const coordinator = await started('coordinator')
  await started('worker')
  await submitted(`${registry().host}/app:v1`)
  await statusSays(/^waits +1 image waits for another attempt at [-0-9T:]+Z \(.*\); last error: .+$/m)
  // Between two waits the image is being tried.
  await waitFor(async () => (await metric(coordinator, 'dist_images_retrying')) === 1, 'the metric')
})

it('failures are shown when they happen, by cause, while the rest goes on: by a queue and without one', async () => {
  registry().script({ path: layer.descriptor.digest }, faults.stalledBody(10))
  const missing = [0, 1, 2].map((i) => `${registry().host}/missing:v${i}`)
  await started('coordinator')
  await started('worker')
  for (const where of [queue(), []]) {
    const running = workspace().start(['mirror', ...where, ...missing, `${registry().host}/app:v1`])
    await running.said('dist: 3 images: ')
    expect(running.child.exitCode).toBeNull()
    running.child.kill('SIGINT')
    await running.ended
  }
})
