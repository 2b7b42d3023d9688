import { type Scope, scopes } from '@dist/runs'
import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { startRedis, waitFor } from '@dist/testkit/servers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient } from '../support/api-client.js'
import { firstAnswers } from '../support/live-events.js'
import { tokenFor } from '../support/queue-client.js'
import { forFile, forTest, useRegistry } from '../support/servers.js'
import { type StartedService, startService } from '../support/services.js'
import { startServices } from '../support/services-queue.js'
import { jsonLines, useWorkspace, Workspace } from '../support/workspace.js'

const workspace = new Workspace()
const ownWorkspace = useWorkspace()
afterAll(() => workspace.remove())
const redis = await forFile(startRedis())
const registry = useRegistry(({ url }) => pushImage(url, 'team/web', '1', singleImage))

const dashboardOf = (DIST_QUEUE = redis.url) => startService(workspace, 'dashboard', { env: { DIST_QUEUE } })

/** For all tests: one dashboard without a user, one with a user, and a token of each scope. */
let signing: StartedService
let tokens: Record<Scope, string>
let url = ''
beforeAll(async () => {
  const env = { DIST_QUEUE: redis.url, DIST_DASHBOARD_PASSWORD: 'secret' }
  signing = startService(workspace, 'dashboard', { env, args: ['--user', 'ops'] })
  const [read, submit, admin] = await Promise.all(scopes.map((scope) => tokenFor(redis.url, scope)))
  tokens = { read, submit, admin } as typeof tokens
  url = await dashboardOf().url()
})

const problem = expect.stringMatching(/^application\/problem\+json/)

const schedule = {
  name: 'team/web nightly',
  timing: { pattern: '0 3 * * *', timeZone: 'UTC' },
  sources: {
    text: '{"version":1,"mirrors":[{"name":"team/web nightly","from":"r.example/team/web:1"}]}',
    language: 'json',
  },
}

describe('the API', () => {
  it('is what its document says, from a run to a paused queue', async () => {
    await startServices(ownWorkspace(), redis.url)
    const url = await signing.url()
    const api = await ApiClient.open(url, tokens.admin)
    const { host } = registry()
    const references = [`${host}/team/web:1`, `${host}/team/none:1`, `${host}/team/none:2`]
    const headers = { 'idempotency-key': 'k1', 'x-request-id': 'mine' }
    const submitted = await api.call('submitRun', { body: { references }, headers })
    expect(submitted).toMatchObject({ status: 201, body: { run: expect.any(String) } })
    expect(submitted.headers.get('x-request-id')).toBe('mine')
    const { run } = submitted.body
    const params = { run: run.slice(0, 12) }
    expect((await api.call('submitRun', { body: { references }, headers })).body).toEqual({ run })
    const other = { body: { references: ['other:1'] }, headers }
    expect(await api.call('submitRun', other)).toMatchObject({
      status: 409,
      body: { code: 'ALREADY_EXISTS' },
    })

    const events = await (await api.send('followRun', { params })).text()
    expect(events).toMatch(/event: run\ndata: .*\n\nid: \S+\nevent: end\ndata: .*"state":"failed".*\n\n$/)
    api.succeeded.add('followRun')
    const live = await api.send('followAnswers', { query: { ask: '/runs?limit=1', slow: '/failures' } })
    const answers = [[{ id: run }], [{ run }]].map((items) => ({ answer: { items } }))
    expect(await firstAnswers(live, 2)).toMatchObject(answers)
    api.succeeded.add('followAnswers')
    const last = /id: (\S+)\nevent: end/.exec(events)?.[1] ?? ''
    const again = await (await api.send('followRun', { params, headers: { 'last-event-id': last } })).text()
    expect(again).toMatch(/^id: \S+\nevent: end\ndata: [^\n]*\n\n$/)

    expect((await api.call('listFailures')).body.items).toMatchObject([{ run }])
    const found = await api.call('getRun', { params })
    expect(found.body).toMatchObject({ id: run, images: { total: 3, done: 1, failed: 2 }, obstacles: [] })
    const failed = await api.call('listImages', { params, query: { state: 'failed', limit: 1 } })
    expect(failed.body).toMatchObject({ items: [{ index: 1, error: { code: 'NOT_FOUND' } }], next: '2' })
    const more = await api.call('listImages', { params, query: { state: 'failed', limit: 1, cursor: '2' } })
    expect(more.body.items).toMatchObject([{ index: 2 }])
    expect(more.body.next).toBeUndefined()
    const image = await api.call('getImage', { params: { ...params, index: '1' } })
    expect(image.body).toMatchObject({ index: 1, state: 'failed', error: { code: 'NOT_FOUND' } })
    expect((await api.call('getImage', { params: { ...params, index: '9' } })).status).toBe(404)
    expect((await api.call('listBlobs', { params: { ...params, index: '0' } })).body).toEqual({ items: [] })
    expect((await api.call('listBlobs', { params: { ...params, index: '9' } })).status).toBe(404)
    const causes = (await api.call('listCauses', { params })).body.items
    expect(causes).toMatchObject([{ images: 2, code: 'NOT_FOUND', host, stage: 'resolving' }])
    const retried = await api.call('retryRun', { params, body: { cause: causes[0].id, images: [2] } })
    expect(retried.body).toEqual({ run, images: 1 })
    expect((await api.call('cancelRun', { params })).status).toBe(200)

    const page = await api.call('listRuns', { query: { limit: 1 } })
    expect(page.body.items).toMatchObject([{ id: run }])
    await api.call('submitRun', { body: { references: ['other:1'] } })
    const first = await api.call('listRuns', { query: { limit: 1 } })
    const second = await api.call('listRuns', { query: { limit: 1, cursor: first.body.next } })
    expect(second.body).toEqual({ items: [expect.objectContaining({ id: run })] })

    const collected = await api.call('collectGarbage', { body: { grace: 86_400_000, dryRun: true } })
    expect(collected).toMatchObject({ status: 201, body: { isJoined: false } })
    const deleted = await api.call('listDeleted', { params: { run: collected.body.run } })
    expect(deleted.body).toEqual({ items: [] })

    const applied = await api.call('applySchedules', { body: { file: 'prod', requests: [schedule] } })
    expect(applied.body).toMatchObject({ added: [schedule.name] })
    const named = { params: { name: schedule.name } }
    expect((await api.call('pauseSchedule', named)).status).toBe(204)
    expect((await api.call('listSchedules')).body.items).toMatchObject([
      { name: schedule.name, paused: true },
    ])
    await api.call('resumeSchedule', named)
    expect((await api.call('runSchedule', named)).status).toBe(201)
    await api.call('removeSchedule', named)
    expect((await api.call('removeSchedule', named)).body).toMatchObject({ status: 404, code: 'NOT_FOUND' })

    const queue = { params: { queue: 'blobs' } }
    await api.call('pauseQueue', queue)
    expect((await api.call('getThroughput')).body.hour).toHaveLength(60)
    expect((await api.call('listObstacles')).body.items).toContainEqual({
      kind: 'paused-queue',
      queue: 'blobs',
    })
    expect((await api.call('listQueues')).body.items).toContainEqual(
      expect.objectContaining({ name: 'blobs', paused: true }),
    )
    await api.call('resumeQueue', queue)
    expect((await api.call('pauseQueue', { params: { queue: 'none' } })).status).toBe(404)
    expect((await api.call('getSession')).body).toEqual({
      caller: { kind: 'token', name: expect.stringContaining('a admin') },
      scopes: ['read', 'submit', 'admin'],
      users: true,
    })
    const own = { headers: { origin: url } }
    await api.call('signIn', { body: { user: 'ops', password: 'secret' }, ...own })
    await api.call('signOut', own)
    const services: { service: string }[] = (await api.call('listServices')).body.items
    const kinds = new Set(['coordinator', 'dashboard', 'worker'])
    expect(new Set(services.map(({ service }) => service))).toEqual(kinds)
    expect((await api.call('listHosts')).body.items[0]).toMatchObject({ host: '*', policy: { requests: 8 } })
    const all = { params: { ...params, index: '0', host, name: `${host}/team/web:1` } }
    const reads = ['listTries', 'getImageTree', 'listStored', 'getStored', 'listTransfers', 'getStore']
    for (const id of [...reads, 'resumeHost', 'measureStore', 'listMirrors']) await api.call(id, all)
    await api.call('previewSources', { body: { sources: schedule.sources } })
    expect([...api.succeeded].sort()).toEqual(api.operations.map(({ id }) => id).sort())
    const change = { by: expect.stringMatching(/^token \w{6} a admin$/), request: 'mine', status: 201 }
    expect(signing.lines()).toContainEqual(expect.objectContaining({ msg: 'change', ...change }))
    expect(JSON.stringify(signing.lines())).not.toContain(tokens.admin)
  })

  it('refuses what is not asked rightly, and says what is wrong', async () => {
    const api = await ApiClient.open(url, tokens.admin)
    const submit = async (body: unknown, headers = {}) =>
      (await api.call('submitRun', { body, headers })).body
    expect(await submit({})).toMatchObject({
      status: 400,
      detail: 'body: references or sources are expected',
    })
    expect((await submit({ reference: ['a:1'] })).detail).toMatch(/^body: Unrecognized key: "reference"/)
    expect((await submit({ references: 'a' })).detail).toMatch(/^body\.references: /)
    const sources = { text: 'version: 1\nmirrors:\n  - { from: "nonsense:" }\n', language: 'yaml' }
    expect((await submit({ sources })).detail).toContain('mirror file, line 3')
    expect(await submit({ references: ['a'] }, { 'idempotency-key': 'a b' })).toMatchObject({ status: 400 })
    expect(await submit({ references: ['a'], to: '://' })).toMatchObject({ code: 'INVALID_ARGUMENT' })
    const params = { run: 'none00000000' }
    for (const id of ['getRun', 'listImages', 'listCauses', 'cancelRun'])
      expect((await api.call(id, { params })).body).toMatchObject({
        status: 404,
        request: expect.any(String),
      })
    const images = await api.call('listImages', { params, query: { limit: 5_000 } })
    expect(images.body.detail).toMatch(/^query\.limit: /)
    const large = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `"${'a'.repeat(70_000)}"`,
    }
    const admin = { ...large.headers, authorization: `Bearer ${tokens.admin}` }
    const tooLarge = await fetch(`${url}/api/v1/runs/${params.run}/cancel`, { ...large, headers: admin })
    expect([tooLarge.status, tooLarge.headers.get('content-type')]).toEqual([413, problem])
    const none = await fetch(`${url}/api/v1/none`)
    expect([none.status, ((await none.json()) as { code: string }).code]).toEqual([404, 'NOT_FOUND'])
    expect(await (await fetch(`${url}/api/v1/`)).text()).toContain('openapi.json')
  })
})

describe('a Redis that is away', () => {
  it('is told in time, also where a token is given', async () => {
    const away = await forTest(startRedis())
    const url = await dashboardOf(away.url).url()
    const api = await ApiClient.open(url)
    expect((await api.call('listRuns')).status).toBe(200)
    await away.stop()
    const operations = ['listRuns', 'getStore', 'listQueues', 'listServices', 'listObstacles']
    const answers = await Promise.all(operations.map((id) => api.call(id)))
    for (const { status, body, headers } of answers)
      expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '1'])
    const authorization = `Bearer dist_aaaaaa_${'a'.repeat(43)}`
    expect((await api.call('listRuns', { headers: { authorization } })).status).toBe(503)
  })
})

describe('who may do what', () => {
  it('W9 every operation asks for its scope, and without a token for one that changes something', async () => {
    const anyone = await ApiClient.open(url)
    const callers = await Promise.all(scopes.map((scope) => ApiClient.open(url, tokens[scope])))
    const params = { run: 'none00000000', name: 'none', queue: 'none', index: '0' }
    for (const { id, scope } of anyone.operations.filter((each) => each.scope !== '')) {
      const statuses = await Promise.all(
        [anyone, ...callers].map(
          async (api) => (await api.send(id, { params, body: scope === 'read' ? undefined : {} })).status,
        ),
      )
      const [first, ...others] = statuses.map((status) => (status === 401 || status === 403 ? status : 'may'))
      expect([id, first], id).toEqual([id, scope === 'read' ? 'may' : 401])
      const expected = scopes.map((has) =>
        scopes.indexOf(has) >= scopes.indexOf(scope as Scope) ? 'may' : 403,
      )
      expect([id, others]).toEqual([id, expected])
    }
  })

  it('W9 with a user nothing is answered without sign-in, and pages of others change nothing', async () => {
    const url = await signing.url()
    const user = { authorization: `Basic ${Buffer.from('ops:secret').toString('base64')}` }
    const runs = `${url}/api/v1/runs`
    const refused = await fetch(runs)
    expect([refused.status, refused.headers.get('content-type')]).toEqual([401, problem])
    expect((await fetch(`${url}/api/v1/openapi.json`)).status).toBe(401)
    expect((await fetch(runs, { headers: user })).status).toBe(200)
    const submit = (headers: Record<string, string>) => {
      const json = { 'content-type': 'application/json', ...user, ...headers }
      return fetch(runs, { method: 'POST', headers: json, body: '{"references":["a:1"]}' })
    }
    expect((await submit({})).status).toBe(403)
    expect((await submit({ origin: 'http://evil.example' })).status).toBe(403)
    expect((await submit({ origin: url, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await submit({ origin: url })).status).toBe(201)
    const preflight = await fetch(runs, {
      method: 'OPTIONS',
      headers: { ...user, origin: 'http://evil.example' },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('W9 without a user a proxy gets no answer, and a token does', async () => {
    const through = { 'x-forwarded-for': '192.0.2.1' }
    expect((await fetch(`${url}/api/v1/runs`, { headers: through })).status).toBe(403)
    const token = { authorization: `Bearer ${tokens.read}` }
    expect((await fetch(`${url}/api/v1/runs`, { headers: { ...through, ...token } })).status).toBe(200)
  })
})

describe('a token', () => {
  it('is shown once, listed without its secret, and refused when it is revoked or has expired', async () => {
    const env = { DIST_QUEUE: redis.url }
    const dist = (...args: string[]) => workspace.dist(['token', ...args], { env })
    const made = await dist('create', '--scope', 'read', '--name', 'ci', '--json')
    const [{ token, id } = {}] = jsonLines<{ token?: string; id?: string }>(made.stdout)
    expect(token).toMatch(new RegExp(`^dist_${id}_[\\w-]{43}$`))
    const listed = await dist('list', '--json')
    expect(jsonLines(listed.stdout)).toContainEqual(
      expect.objectContaining({ id, scope: 'read', name: 'ci' }),
    )
    expect(listed.stdout).not.toContain(token)
    expect((await dist('list')).stdout).toMatch(new RegExp(`^${id} +read +in \\d+.* ci$`, 'm'))
    const status = async (given = token) =>
      (await fetch(`${url}/api/v1/runs`, { headers: { authorization: `Bearer ${given}` } })).status
    expect(await status()).toBe(200)
    expect(await status(`${token?.slice(0, -1)}!`)).toBe(401)
    const brief = (await dist('create', '--scope', 'read', '--expires', '1ms')).stdout.trim()
    await waitFor(async () => (await status(brief)) === 401, 'the end of the token')
    expect((await dist('revoke', String(id), 'none')).code).toBe(6)
    expect(await status()).toBe(401)
    expect((await dist('create')).code).toBe(2)
    expect((await dist('create', '--scope', 'read', '--expires', '9999d')).code).toBe(2)
    expect((await workspace.dist(['token', 'list'])).stderr).toContain('no queue is configured')
  })

  it('that a wiped Redis has lost is refused, and the log says so', async () => {
    const wiped = await forTest(startRedis())
    const dashboard = dashboardOf(wiped.url)
    const url = await dashboard.url()
    const headers = { authorization: `Bearer ${await tokenFor(wiped.url, 'read')}` }
    expect((await fetch(`${url}/api/v1/runs`, { headers })).status).toBe(200)
    const admin = new Redis(wiped.url)
    await admin.flushall()
    admin.disconnect()
    const refused = await fetch(`${url}/api/v1/runs`, { headers })
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
      401,
      expect.stringContaining('Redis has lost it'),
    ])
    await dashboard.logged(
      'Redis has lost the tokens of the API: programs need new ones from dist token create',
    )
  })
})
