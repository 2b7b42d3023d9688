import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { startRedis, waitFor } from '@dist/testkit/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentedMetrics } from '../support/documented-metrics.js'
import { checkMetrics } from '../support/promtool.js'
import { forFile } from '../support/servers.js'
import { metric, type StartedService, startService } from '../support/services.js'
import { Workspace } from '../support/workspace.js'

const redis = await forFile(startRedis())
const registry = await forFile(startRegistry())
const workspace = new Workspace()
afterAll(() => workspace.remove())
const layer = seededLayer('slow', 2 ** 20)
const started: StartedService[] = []

const dist = async (...args: string[]) => {
  const { code, stderr } = await workspace.dist([...args, '--queue', redis.url])
  return { code, stderr }
}
const scrape = async (service: StartedService) =>
  await (await fetch(`${await service.healthUrl()}/metrics`)).text()
const service = (at: number): StartedService => started[at] ?? expect.unreachable()
const coordinator = () => service(0)
const worker = () => service(1)
const host = registry.host

beforeAll(async () => {
  registry.content.putImage('app', '1', singleImage)
  registry.content.putImage('slow', '1', ociImage({ layers: [layer] }))
  registry.script(
    { path: '/v2/app/manifests/' },
    faults.withHeaders({ 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' }),
  )
  registry.script({ path: `/v2/slow/blobs/${layer.descriptor.digest}` }, faults.drippingBody(32 * 1024, 100))
  const env = { DIST_QUEUE: redis.url, DIST_STORE: workspace.store }
  for (const name of ['coordinator', 'worker', 'dashboard', 'registry'] as const) {
    started.push(startService(workspace, name, { env }))
    await service(started.length - 1).logged('ready')
  }
})

describe('the metrics of the services', () => {
  it('count bytes while they flow, not only when a blob is stored', async () => {
    expect((await dist('mirror', '--detach', `${host}/slow:1`)).code).toBe(0)
    const received = `dist_host_bytes_total{host="${host}",direction="received"}`
    await waitFor(async () => ((await metric(worker(), received)) ?? 0) > 200_000, 'some bytes')
    expect((await metric(worker(), 'dist_fetched_bytes_total')) ?? 0).toBeLessThan(layer.descriptor.size)
    expect(
      await metric(coordinator(), 'dist_queue_oldest_job_age_seconds{queue="blobs",state="active"}'),
    ).toBeGreaterThan(0)
    await waitFor(async () => ((await metric(worker(), received)) ?? 0) >= layer.descriptor.size, 'all bytes')
  })

  it('have schedules, quotas, services, failed tries, statuses, locks and the store', async () => {
    const entry = { name: 'nightly', from: `${host}/app:1`, every: '6h' }
    const file = workspace.file('dist.yaml', JSON.stringify({ version: 1, mirrors: [entry] }))
    expect(await dist('schedule', 'apply', '-f', file)).toMatchObject({ code: 0 })
    const before = Date.now() / 1_000
    expect(await dist('schedule', 'run', 'nightly')).toMatchObject({ code: 0 })
    const success = 'dist_schedule_last_success_timestamp_seconds{schedule="nightly"}'
    await waitFor(async () => ((await metric(coordinator(), success)) ?? 0) >= before, 'the success', 30_000)
    expect((await dist('mirror', `${host}/absent:1`)).code).toBe(3)
    for (const [name, value] of Object.entries({
      [`dist_host_quota_limit{host="${host}"}`]: 100,
      'dist_services_alive{service="coordinator"}': 1,
      'dist_services_alive{service="worker"}': 1,
      'dist_services_alive{service="dashboard"}': 1,
      'dist_job_errors_total{kind="image",code="NOT_FOUND"}': 1,
      'dist_jobs_total{kind="image",result="failed"}': 1,
    }))
      expect(await metric(coordinator(), name), name).toBe(value)
    for (const name of [
      // Its own pulls count until the registry tells it again.
      `dist_host_quota_remaining{host="${host}"}`,
      `dist_host_requests_total{host="${host}",direction="pull",status="2xx"}`,
      `dist_host_requests_total{host="${host}",direction="pull",status="4xx"}`,
      'dist_store_operation_duration_seconds_count{operation="put-name",result="done"}',
    ])
      expect(await metric(coordinator(), name), name).toBeGreaterThan(0)
    for (const name of [
      'dist_lock_wait_seconds_count{result="acquired"}',
      'dist_store_operation_duration_seconds_count{operation="commit",result="done"}',
    ])
      expect(await metric(worker(), name), name).toBeGreaterThan(0)
  })

  it('are summed up over all services in the throughput of the API', async () => {
    const throughput = async () => {
      const answer = await fetch(`${await service(2).url()}/api/v1/throughput`)
      const { hour } = (await answer.json()) as { hour: Record<'bytes' | 'images' | 'failed', number>[] }
      return hour
    }
    const sum = async (name: 'bytes' | 'images' | 'failed') =>
      (await throughput()).reduce((total, step) => total + step[name], 0)
    await waitFor(async () => (await sum('bytes')) > layer.descriptor.size, 'the bytes of all services')
    await waitFor(async () => (await sum('images')) >= 2 && (await sum('failed')) === 1, 'the images')
  })

  it('are those of docs/operations.md, with types and help that promtool accepts', async () => {
    await fetch(`${await service(3).url()}/v2/`)
    const texts = await Promise.all(started.map(scrape))
    for (const text of texts) expect(await checkMetrics(text)).toBe('')
    const found = texts.flatMap((text) => [...text.matchAll(/^# TYPE (dist_\w+)/gm)].map(([, name]) => name))
    expect([...new Set(found)].sort()).toEqual(documentedMetrics())
  })
})
