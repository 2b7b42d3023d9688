import { pagePaths } from '@dist/page'
import { startRedis, waitFor } from '@dist/testkit/servers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient } from '../support/api-client.js'
import {
  cookieAt,
  cookieOf,
  type PageHeaders,
  PeopleWorld,
  password,
  statusOf,
  userLine,
} from '../support/people.js'
import { forFile } from '../support/servers.js'
import { refusalOf, startService } from '../support/services.js'
import { Workspace } from '../support/workspace.js'

const workspace = new Workspace()
const redis = await forFile(startRedis())
const env = { DIST_QUEUE: redis.url, DIST_DASHBOARD_PASSWORD: 'of the settings' }

const lines = [
  userLine('ann'),
  userLine('bob', 'operator'),
  userLine('cy', 'admin'),
  userLine('dan', 'admin'),
]
const usersFile = workspace.file('users', `${lines.join('\n')}\n`)
const flags = ['--users-file', usersFile, '--user', 'ops']

let world: PeopleWorld
/** What the pages of three users send: a viewer, an operator, an administrator. */
let pages: Record<'ann' | 'bob' | 'cy', PageHeaders>
let token = ''

beforeAll(async () => {
  world = await PeopleWorld.start(workspace, env, flags)
  const [ann, bob, cy] = await Promise.all(['ann', 'bob', 'cy'].map((name) => world.signIn(name)))
  pages = { ann, bob, cy } as typeof pages
  const args = ['token', 'create', '--scope', 'submit', '--name', 'ci', '--queue', redis.url]
  token = (await workspace.dist(args)).stdout.trim()
}, 60_000)
afterAll(() => workspace.remove())

const params = { run: 'none00000000', name: 'none', queue: 'none', index: '0' }

/** The statuses of refusals are told apart; any other one means that the caller may. */
const verdict = (status: number) => (status === 401 || status === 403 ? status : 'may')

describe('W9 every operation of the document', () => {
  it('asks for the role of its scope, and for sign-in', async () => {
    const api = await ApiClient.open(world.url, token)
    const scopes = ['read', 'submit', 'admin']
    expect(api.operations.length).toBeGreaterThan(25)
    for (const { id, scope, method } of api.operations.filter((each) => each.scope !== '')) {
      const body = method === 'GET' ? undefined : {}
      const ask = async (headers: Record<string, string>) =>
        verdict((await api.send(id, { params, body, headers: { authorization: '', ...headers } })).status)
      const needed = scopes.indexOf(scope)
      expect([id, await ask({ origin: world.url })]).toEqual([id, 401])
      const statuses = await Promise.all(Object.values(pages).map(ask))
      expect([id, statuses]).toEqual([id, [0, 1, 2].map((has) => (has >= needed ? 'may' : 403))])
    }
  })

  it('that changes something refuses users whose browser tells of another page', async () => {
    const api = await ApiClient.open(world.url, token)
    const { cookie, origin } = pages.cy
    const foreign: Record<string, string>[] = [
      {},
      { origin: 'null' },
      { origin: 'http://evil.example' },
      { origin: 'http://127.0.0.1:1' },
      { origin, 'sec-fetch-site': 'cross-site' },
      { origin, 'sec-fetch-site': 'same-site' },
    ]
    const basic = { authorization: `Basic ${Buffer.from(`cy:${password}`).toString('base64')}` }
    for (const { id } of api.operations.filter(({ method }) => method !== 'GET'))
      for (const headers of foreign)
        for (const sent of [{ authorization: '', cookie }, basic]) {
          const { status } = await api.send(id, { params, body: {}, headers: { ...sent, ...headers } })
          expect([id, headers, status]).toEqual([id, headers, 403])
        }
  })

  it('and every page refuses without users the name of another host, and what a proxy passes on', async () => {
    const url = await startService(workspace, 'dashboard', { env: { DIST_QUEUE: redis.url } }).url()
    const api = await ApiClient.open(url)
    const paths: [string, string][] = [
      ...api.operations.map(({ method, path }): [string, string] => [method, `/api/v1${path}`]),
      ...[...pagePaths, '/queues/', '/queues/api/queues', '/api/v1/openapi.json', '/api/v1/', '/page/x'].map(
        (path): [string, string] => ['GET', path],
      ),
    ]
    for (const [method, path] of paths)
      for (const headers of [
        { host: 'rebound.example' },
        { 'x-forwarded-for': '192.0.2.1' },
        { forwarded: 'for=192.0.2.1' },
      ])
        expect([method, path, await statusOf(url, path, headers, method)]).toEqual([method, path, 403])
    expect(await world.session({})).toEqual({ scopes: [], users: true })
    expect(await (await fetch(`${url}/api/v1/session`)).json()).toEqual({
      caller: { kind: 'anyone', name: 'anyone' },
      scopes: ['read'],
      users: false,
    })
  })
})

describe('a session', () => {
  it('is begun by name and password, and is the same at all dashboards of a queue, also after a restart', async () => {
    expect((await world.post('ann', 'wrong')).status).toBe(401)
    expect((await world.post('nobody')).status).toBe(401)
    const answer = await world.post('ops', 'of the settings')
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^dist_session_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ])
    expect(await answer.json()).toMatchObject({
      caller: { name: 'user ops' },
      scopes: ['read', 'submit', 'admin'],
    })
    const other = await PeopleWorld.start(workspace, env, flags)
    const moved = { cookie: cookieAt(other.url, cookieOf(answer).cookie) }
    const found = await other.session(moved)
    expect(found.caller).toEqual({ kind: 'user', name: 'user ops' })
    const hours = (Date.parse(found.until ?? '') - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(11)
    expect(hours).toBeLessThanOrEqual(12)
    expect((await fetch(`${other.url}/queues/api/queues`, { headers: moved })).status).toBe(200)
  })

  it('ends by signing out, in twelve hours, and when the user is gone or has another password', async () => {
    const dan = await world.signIn('dan')
    const out = await fetch(`${world.url}/api/v1/session`, { method: 'DELETE', headers: dan })
    expect([out.status, out.headers.getSetCookie()[0]]).toEqual([204, expect.stringContaining('Max-Age=0')])
    expect((await world.session(dan)).caller).toBeUndefined()
    const again = await world.signIn('dan')
    const bob = await world.signIn('bob')
    const made = await workspace.dist(['user', 'hash', 'bob', '--role', 'admin', '--password-stdin'], {
      stdin: 'another one\n',
    })
    expect(made.stdout).toMatch(/^bob:\$2b\$12\$\S{53}:admin\n$/)
    workspace.file('users', `${lines.filter((line) => !/^(bob|dan):/.test(line)).join('\n')}\n${made.stdout}`)
    await waitFor(
      async () => (await world.session(again)).caller === undefined,
      'the end of the session of dan',
    )
    expect((await world.session(bob)).caller).toBeUndefined()
    expect((await world.post('bob')).status).toBe(401)
    const renewed = await world.post('bob', 'another one')
    expect(await renewed.json()).toMatchObject({ scopes: ['read', 'submit', 'admin'] })
    pages = { ...pages, bob: { ...cookieOf(renewed), origin: world.url } }
  })

  it('takes its streams of events with it', async () => {
    const api = await ApiClient.open(world.url, token)
    const { run } = (await api.call('submitRun', { body: { references: ['registry.test/app:1'] } })).body
    const ann = await world.signIn('ann')
    const headers = { authorization: '', cookie: ann.cookie }
    const reader = (await api.send('followRun', { params: { run }, headers })).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('event: run')
    await fetch(`${world.url}/api/v1/session`, { method: 'DELETE', headers: ann })
    const ended = reader?.read().then(
      ({ done }) => done,
      () => true,
    )
    expect(await ended).toBe(true)
  })

  it('leaves nothing in Redis by which one could sign in', async () => {
    const client = new Redis(redis.url)
    const keys = await client.keys('{dist}:session:*')
    expect(keys.length).toBeGreaterThan(2)
    const values = await Promise.all(keys.map((key) => client.get(key)))
    const times = await Promise.all(keys.map((key) => client.pttl(key)))
    client.disconnect()
    const kept = JSON.stringify([keys, values])
    for (const { cookie } of Object.values(pages)) expect(kept).not.toContain(cookie.split('=')[1])
    expect(kept).not.toMatch(/testpassword|\$2[by]\$|of the settings/)
    for (const time of times) expect(time).toBeGreaterThan(0)
  })
})

describe('bull-board', () => {
  it('has buttons for administrators, and refuses the others', async () => {
    const shown = async (headers: Record<string, string>) => {
      const answer = await fetch(`${world.url}/queues/api/queues`, { headers })
      const { queues } = (await answer.json()) as { queues: { readOnlyMode: boolean }[] }
      return [...new Set(queues.map(({ readOnlyMode }) => readOnlyMode))]
    }
    expect(await shown(pages.ann)).toEqual([true])
    expect(await shown(pages.cy)).toEqual([false])
    const pause = async (headers: Record<string, string>) =>
      (await fetch(`${world.url}/queues/api/queues/blobs/pause`, { method: 'PUT', headers })).status
    const { cookie, origin } = pages.cy
    expect(await Promise.all([pages.ann, { cookie }, { origin }].map(pause))).toEqual([403, 403, 401])
    expect(await pause({ cookie, origin })).toBe(200)
  })

  it('leads browsers without a session to the form, which comes without sign-in', async () => {
    const headers = { 'user-agent': 'Mozilla/5.0', accept: 'text/html,*/*' }
    const led = await fetch(`${world.url}/queues/queue/images?page=2`, { headers, redirect: 'manual' })
    expect([led.status, led.headers.get('location')]).toEqual([
      303,
      '/sign-in?to=%2Fqueues%2Fqueue%2Fimages%3Fpage%3D2',
    ])
    expect((await fetch(`${world.url}/sign-in`)).status).toBe(200)
    const asked = await fetch(`${world.url}/api/v1/runs`, { headers: { 'user-agent': 'Mozilla/5.0' } })
    expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="dist"'])
    const program = await fetch(`${world.url}/queues/`)
    expect([program.status, program.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Basic /),
    ])
  })
})

it('each change is one line of the log: by whom, what, of which object, the outcome, from where', async () => {
  workspace.file('secret', 'correct-horse\n')
  const hooks = 'dashboard: { hooks: { hub: { kind: docker-hub, secret-file: secret } } }\n'
  const config = workspace.file('services.yaml', hooks)
  const audited = await PeopleWorld.start(workspace, { ...env, DIST_CONFIG: config }, flags)
  const cookie = cookieAt(audited.url, pages.cy.cookie)
  const api = await ApiClient.open(audited.url, token)
  const { run } = (await api.call('submitRun', { body: { references: ['registry.test/app:1'] } })).body
  const own = { authorization: '', cookie, origin: audited.url }
  await api.send('cancelRun', { params: { run }, headers: own })
  // Changes nothing.
  await api.send('previewSources', { body: {} })
  await audited.signIn('ann')
  const notice = JSON.stringify({ push_data: { tag: '1' }, repository: { repo_name: 'library/none' } })
  const hook = `${audited.url}/api/v1/hooks/hub/correct-horse`
  expect((await fetch(hook, { method: 'POST', body: notice })).status).toBe(202)
  await fetch(`${audited.url}/queues/api/queues/blobs/resume`, { method: 'PUT', headers: own })
  await api.send('pauseQueue', { params: { queue: 'blobs' } })
  await audited.post('cy', 'wrong password')
  const [from, by] = ['127.0.0.1', expect.stringMatching(/^token \w{6} ci$/)]
  const expected = [
    {
      msg: 'change',
      by: expect.stringMatching(/^token \w{6} ci$/),
      what: 'submitRun',
      object: { run },
      from,
    },
    { msg: 'change', by: 'user cy', what: 'cancelRun', object: { run }, status: 200, from },
    { msg: 'change', by: 'user ann', what: 'signIn', object: { user: 'ann' }, status: 200, from },
    { msg: 'change', by: 'hook hub', what: 'push', object: { images: 1, schedules: 0 }, status: 202, from },
    { msg: 'change', by: 'user cy', what: expect.stringMatching(/^PUT .*\/resume$/), status: 200, from },
    { msg: 'change refused', by, what: 'pauseQueue', object: { queue: 'blobs' }, status: 403, from },
    { msg: 'change refused', by: 'nobody', what: 'signIn', object: { user: 'cy' }, status: 401, from },
  ]
  await waitFor(async () => audited.changes().length >= expected.length, 'the lines')
  expect(audited.changes()).toMatchObject(expected)
  const log = JSON.stringify(audited.dashboard.lines())
  for (const secret of [password, 'wrong password', 'correct-horse', token, cookie.split('=')[1] ?? ''])
    expect(log).not.toContain(secret)
})

it('behind a proxy the public URL counts, the cookie needs TLS, and clients are told apart', async () => {
  const proxied = ['--public-url', 'https://dist.example', '--trusted-proxies', '127.0.0.0/8']
  const outside = await PeopleWorld.start(workspace, env, [...flags, ...proxied], 'https://dist.example')
  const from = (address: string) => ({ host: 'inside', 'x-forwarded-for': address })
  const answer = await outside.post('cy', password, from('192.0.2.1'))
  expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-dist_session=.*; Secure; SameSite=Strict$/)
  expect((await outside.post('cy', password, { origin: outside.url })).status).toBe(403)
  const guesses = Array.from({ length: 25 }, (_, i) => outside.post('cy', `guess ${i}`, from('192.0.2.7')))
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(4)
  const late = await outside.post('ann', password, from('192.0.2.7'))
  expect([late.status, Number(late.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
  expect((await outside.post('ann', password, from('192.0.2.8'))).status).toBe(200)
  expect(outside.changes()).toContainEqual(expect.objectContaining({ by: 'user cy', from: '192.0.2.1' }))
})

it.each([
  ['a password in place of a hash', 'ann:secret1:admin', 'the hash of "ann" is not bcrypt'],
  ['an unknown role', userLine('ann', 'owner'), 'one of the roles viewer, operator, admin is expected'],
])('a file of users with %s is refused at the start, and the error has no hash', async (_, line, message) => {
  const args = ['--users-file', workspace.file('bad', line)]
  const service = startService(workspace, 'dashboard', { env: { DIST_QUEUE: redis.url }, args })
  const { code, error } = await refusalOf(service)
  expect([code, error.message]).toEqual([2, expect.stringContaining(message)])
  expect(error.message).not.toMatch(/secret1|\$2y/)
})
