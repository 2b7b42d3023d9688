import { once } from 'node:events'
import { createServer } from 'node:http'
import { DistError } from '@dist/errdefs'
import { createHostLimiter } from '@dist/remotes'
import { afterEach, expect, it } from 'vitest'
import { type HealthParts, type HealthServer, serveHealth } from '../src/health.js'
import { createMetrics } from '../src/metrics.js'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]()
})

async function served(parts: Partial<HealthParts> = {}): Promise<string> {
  const metrics = createMetrics({ service: 'worker', version: '1', active: () => 3 })
  metrics.count({ type: 'blob', run: 'r', state: 'done', subject: 'd', bytes: 7, milliseconds: 20 })
  metrics.count({ type: 'blob', run: 'r', state: 'failed', subject: 'd' })
  await metrics.limiter(createHostLimiter()).pause('h', 1, 'h has too many requests')
  const { registry } = metrics
  const server = await listening({
    checkReady: async () => {},
    metrics: () => registry.metrics(),
    metricsType: registry.contentType,
    ...parts,
  })
  return `http://127.0.0.1:${server.address.port}`
}

async function listening(parts: HealthParts): Promise<HealthServer> {
  const server = await serveHealth(parts, { host: '127.0.0.1', port: 0 }, 1)
  open.push(server)
  return server
}

it('/healthz answers while the process runs', async () => {
  const response = await fetch(`${await served()}/healthz`)
  expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
})

it('/readyz has the reason when the service is not ready', async () => {
  let reason: Error | undefined
  const url = await served({
    checkReady: async () => {
      if (reason) throw reason
    },
  })
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  reason = new DistError('UNAVAILABLE', 'redis://u:hunter2@host is away')
  const response = await fetch(`${url}/readyz`)
  expect([response.status, await response.text()]).toEqual([503, 'UNAVAILABLE: redis://host is away\n'])
})

it('concurrent requests share one check', async () => {
  let asked = 0
  let answer = () => {}
  const url = await served({
    checkReady: () => {
      asked++
      return new Promise((resolve) => {
        answer = resolve
      })
    },
  })
  const first = fetch(`${url}/readyz`)
  const second = fetch(`${url}/readyz`)
  await expect.poll(() => asked).toBe(1)
  // The server has received the second request before it answers the first.
  await fetch(`${url}/healthz`)
  answer()
  expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200])
  expect(asked).toBe(1)
})

it('/metrics has the names that Prometheus expects', async () => {
  const response = await fetch(`${await served()}/metrics`)
  const text = await response.text()
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  for (const line of [
    'dist_build_info{service="worker",version="1"} 1',
    'dist_jobs_active 3',
    'dist_jobs_total{kind="blob",result="done"} 1',
    'dist_jobs_total{kind="blob",result="failed"} 1',
    'dist_fetched_bytes_total 7',
    'dist_job_duration_seconds_bucket{le="0.05",kind="blob"} 1',
    'dist_host_pauses_total 1',
  ])
    expect(text).toContain(`${line}\n`)
})

it('refuses other paths and methods', async () => {
  const url = await served()
  expect((await fetch(`${url}/`)).status).toBe(404)
  expect((await fetch(`${url}/healthz/../x`)).status).toBe(404)
  expect((await fetch(`${url}/__proto__`)).status).toBe(404)
  expect((await fetch(`${url}/healthz`, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`${url}/healthz`, { method: 'HEAD' })).status).toBe(200)
})

it('uses a free port when the default one is in use, but not in place of a configured one', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  open.push({ [Symbol.asyncDispose]: async () => void other.close() })
  const { port } = other.address() as { port: number }
  const parts = { checkReady: async () => {}, metrics: async () => '', metricsType: 'text/plain' }
  const server = await serveHealth(parts, undefined, port)
  open.push(server)
  expect(server.address.port).not.toBe(port)
  await expect(serveHealth(parts, { host: '127.0.0.1', port }, 1)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: `cannot listen at 127.0.0.1:${port} (EADDRINUSE)`,
  })
})
