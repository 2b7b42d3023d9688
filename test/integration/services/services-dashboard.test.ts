import { freePort, startRedis, waitFor } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { statusOf } from '../support/people.js'
import { forFile } from '../support/servers.js'
import { metric, refusalOf, type StartedService, startService } from '../support/services.js'
import { useWorkspace, Workspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = await forFile(startRedis())

const markup = '<img src=x onerror=alert(1)>'

const shared = new Workspace()
afterAll(() => shared.remove())
/** One for all tests without credentials, and one with a user. */
let dashboard: StartedService
let guarded: StartedService
let url = ''
beforeAll(async () => {
  dashboard = startService(shared, 'dashboard', { env: { DIST_QUEUE: redis.url } })
  const env = { DIST_QUEUE: redis.url, DIST_DASHBOARD_PASSWORD: 'secret' }
  guarded = startService(shared, 'dashboard', { env, args: ['--user', 'ops'] })
  url = await dashboard.url()
})

const signedIn = { authorization: `Basic ${Buffer.from('ops:secret').toString('base64')}` }

describe('the dashboard without credentials', () => {
  it('shows the queues and their jobs, with a content security policy on every answer', async () => {
    await using queue = await openQueue(redis.url, {})
    await queue.runs.submit({ references: [markup], platforms: 'all' })
    for (const path of ['/', '/queues/', '/queues/queue/images', '/queues/api/queues', '/nothing']) {
      const response = await fetch(url + path)
      expect(response.headers.get('content-security-policy')).toMatch(
        /default-src 'none'; script-src 'self';/,
      )
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    }
    const { queues } = (await (await fetch(`${url}/queues/api/queues`)).json()) as { queues: Shown[] }
    const names = ['blobs', 'images', 'notices', 'questions', 'runs', 'schedules']
    expect(queues.map(({ name }) => name).sort()).toEqual(names)
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true)
    expect(queues.find(({ name }) => name === 'runs')?.counts.waiting).toBe(1)
  })

  it('serves all that its page asks for itself', async () => {
    const page = await (await fetch(`${url}/queues/`)).text()
    const own = [...page.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map((match) => match[1])
    expect(own.length).toBeGreaterThan(4)
    for (const path of own) expect((await fetch(`${url}/queues/${path}`)).status).toBe(200)
  })

  it('W9 changes nothing for any request', async () => {
    for (const [method, path] of [
      ['PUT', 'queues/pause'],
      ['PUT', 'queues/runs/pause'],
      ['PUT', 'queues/runs/obliterate'],
      ['POST', 'queues/runs/add'],
      ['PATCH', 'queues/runs/1/update-data'],
    ] as const) {
      const response = await fetch(`${url}/queues/api/${path}`, { method, headers: { origin: url } })
      expect(response.status, path).toBe(401)
    }
  })

  it('W9 does not answer to the name of another host', async () => {
    expect(await statusOf(url, '/queues/api/queues', { host: 'rebound.example' })).toBe(403)
  })

  it('W9 is refused beyond loopback', async () => {
    const env = { DIST_QUEUE: redis.url }
    const args = ['--listen', '0.0.0.0:0']
    const { code, error } = await refusalOf(startService(workspace(), 'dashboard', { env, args }))
    expect(code).toBe(2)
    expect(error.message).toContain('DIST_DASHBOARD_PASSWORD')
  })

  it('W3 serves nothing beside its own files', async () => {
    for (const path of [
      '/queues/static/../../../package.json',
      '/queues/static/..%2f..%2f..%2fpackage.json',
      '/queues/static/%2e%2e/%2e%2e/package.json',
      '/queues/static/x%00y',
      `/${'a'.repeat(8192)}`,
    ])
      expect([400, 403, 404, 414]).toContain(await statusOf(url, path))
  })
})

describe('the dashboard with credentials', () => {
  it('W9 asks for them on every path but that of the page, which has the form', async () => {
    const url = await guarded.url()
    expect((await fetch(url)).status).toBe(200)
    for (const path of ['/queues/', '/queues/api/queues', '/queues/static/images/logo.svg', '/nothing']) {
      const response = await fetch(url + path)
      expect(response.status, path).toBe(401)
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic /)
    }
    expect((await fetch(`${url}/queues/api/queues`, { headers: signedIn })).status).toBe(200)
  })

  it('W9 takes changes from its own pages only', async () => {
    const url = await guarded.url()
    const pause = (headers: Record<string, string>) =>
      fetch(`${url}/queues/api/queues/runs/pause`, { method: 'PUT', headers: { ...signedIn, ...headers } })
    expect((await pause({})).status).toBe(403)
    expect((await pause({ origin: 'http://evil.example' })).status).toBe(403)
    expect((await pause({ origin: url })).status).toBe(200)
    const resume = `${url}/queues/api/queues/runs/resume`
    const headers = { ...signedIn, origin: url }
    expect((await fetch(resume, { method: 'PUT', headers })).status).toBe(200)
  })
})

describe('the health server of the dashboard', () => {
  it('has an address of its own, and needs no credentials', async () => {
    const ready = await guarded.logged('ready')
    expect(ready).toMatchObject({ readOnly: false, version: expect.any(String) })
    const health = await guarded.healthUrl()
    expect(health).toMatch(/^http:\/\/127\.0\.0\.1:/)
    expect(health).not.toBe(await guarded.url())
    expect(await (await fetch(`${health}/healthz`)).text()).toBe('ok\n')
    const readyz = await fetch(`${health}/readyz`)
    expect([readyz.status, (await readyz.text()).split('\n')]).toEqual([
      200,
      expect.arrayContaining(['ok', expect.stringContaining('no worker is alive')]),
    ])
    expect(await metric(guarded, 'dist_services_missing{service="worker"}')).toBe(1)
    expect((await fetch(`${health}/queues/`)).status).toBe(404)
    expect((await fetch(`${await guarded.url()}/metrics`)).status).toBe(401)
  })

  it('listens at --health-listen, answers 503 while Redis is away, and stops with the dashboard', async () => {
    const port = await freePort()
    const away = await startRedis()
    const args = ['--queue', away.url, '--health-listen', `127.0.0.1:${port}`]
    const watched = startService(workspace(), 'dashboard', { args })
    await watched.logged('ready')
    expect(await watched.healthUrl()).toBe(`http://127.0.0.1:${port}`)
    await away.stop()
    await waitFor(
      async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 503,
      'the dashboard noticing the outage',
    )
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    watched.running.child.kill('SIGTERM')
    expect((await watched.running.ended).code).toBe(0)
    expect(watched.lines().at(-1)?.msg).toBe('stopped')
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
  })

  it('that cannot listen ends the dashboard', async () => {
    const args = ['--queue', redis.url, '--health-listen', `127.0.0.1:${redis.port}`]
    const { code, error } = await refusalOf(startService(workspace(), 'dashboard', { args }))
    expect(code).toBe(1)
    expect(error.message).toBe(`cannot listen at 127.0.0.1:${redis.port} (EADDRINUSE)`)
  })
})

describe('W8 a name with markup', () => {
  it('stays data: JSON that no browser takes for a page', async () => {
    await using queue = await openQueue(redis.url, {})
    const run = await queue.runs.submit({ references: [markup], platforms: 'all' })
    const coordinator = startService(workspace(), 'coordinator', { env: { DIST_QUEUE: redis.url } })
    await coordinator.logged('run failed')
    const response = await fetch(`${url}/queues/api/queues/images/${run}-0-1`)
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.json()).toMatchObject({ job: { name: markup, data: { reference: markup } } })
    const page = await (await fetch(`${url}/queues/queue/images/${run}-0-1`)).text()
    expect(page).not.toContain('onerror')
  })
})

interface Shown {
  readonly name: string
  readonly readOnlyMode: boolean
  readonly counts: Readonly<Record<string, number>>
}
