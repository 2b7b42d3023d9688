import { digestOf } from '@dist/oci'
import { faults, reply, type ScriptedRegistry, startServer } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import type { Credential } from '../src/auth/credential.js'
import { defaultEndpoint } from '../src/index.js'
import { client, collect, putManifest, refTo, scripted, seededBlob, shortWaits } from './support.js'

const ann: Credential = { kind: 'password', username: 'ann', password: 'secret' }
const annOnly = { username: 'ann', password: 'secret' }

function tokenRequests(registry: ScriptedRegistry) {
  return registry.received({ path: '/token' })
}

test('a challenge is answered with a token, without credentials for anonymous access', async () => {
  const registry = await scripted({ auth: {} })
  const desc = putManifest(registry)
  expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(tokenRequests(registry)[0]?.headers.authorization).toBeUndefined()
})

test('a token is kept and used for all that it is good for', async () => {
  const registry = await scripted({ auth: {} })
  putManifest(registry)
  const registryClient = client()
  for (let i = 0; i < 3; i++) await registryClient.resolve(refTo(registry, 'a/b:1'))
  expect(tokenRequests(registry)).toHaveLength(1)
  expect(registry.received({ method: 'HEAD' }).map(({ status }) => status)).toEqual([401, 200, 200, 200])
})

test('once the challenge of a registry is known, the next repository gets its token without a 401', async () => {
  const registry = await scripted({ auth: {} })
  putManifest(registry)
  registry.content.putManifest('c/d', '{"manifests":[]}', 'application/vnd.oci.image.index.v1+json', '1')
  const registryClient = client()
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  await registryClient.resolve(refTo(registry, 'c/d:1'))
  expect(registry.received({ method: 'HEAD' }).map(({ status }) => status)).toEqual([401, 200, 200])
})

test('a password goes to the token server, and only the token to the registry', async () => {
  const registry = await scripted({ auth: annOnly })
  putManifest(registry)
  await client({ credentials: async () => ann }).resolve(refTo(registry, 'a/b:1'))
  expect(tokenRequests(registry)[0]?.headers.authorization).toBe(`Basic ${btoa('ann:secret')}`)
  expect(registry.requests.at(-1)?.headers.authorization).toMatch(/^Bearer token-/)
})

test('an identity token is exchanged by the OAuth form', async () => {
  const registry = await scripted({ auth: { identityToken: 'refresh' } })
  putManifest(registry)
  await client({ credentials: async () => ({ kind: 'identity', token: 'refresh' }) }).resolve(
    refTo(registry, 'a/b:1'),
  )
  const [request] = tokenRequests(registry)
  expect(request?.method).toBe('POST')
  expect(Object.fromEntries(new URLSearchParams(request?.body))).toMatchObject({
    grant_type: 'refresh_token',
    refresh_token: 'refresh',
    service: 'scripted',
    scope: 'repository:a/b:pull',
  })
})

test('a registry that asks for Basic gets it', async () => {
  const registry = await scripted({ auth: { scheme: 'basic', ...annOnly } })
  const desc = putManifest(registry)
  const registryClient = client({ credentials: async () => ann })
  expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
})

test('a wrong password is UNAUTHENTICATED at once, and no message holds it', async () => {
  const registry = await scripted({ auth: annOnly })
  putManifest(registry)
  const wrong: Credential = { kind: 'password', username: 'ann', password: 'hunter2' }
  const resolving = client({ credentials: async () => wrong }).resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
  await expect(resolving).rejects.toThrow(
    /the user "[^"]+" is refused \(401\); check the credentials, or log in again$/,
  )
  await expect(resolving).rejects.not.toThrow(/hunter2/)
})

test('a registry that requires a login is UNAUTHENTICATED without credentials, and the message advises to log in', async () => {
  const bearer = await scripted({ auth: annOnly })
  await expect(client().resolve(refTo(bearer, 'a/b:1'))).rejects.toThrow('log in to this registry first')
  const basic = await scripted({ auth: { scheme: 'basic' } })
  await expect(client().resolve(refTo(basic, 'a/b:1'))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('R7 the token request has exactly the own pull scope, whatever the challenge contains', async () => {
  for (const scope of [
    '',
    ',scope="repository:other/repo:pull,push"',
    ',scope="repository:user/image:pull"',
  ]) {
    const registry = await scripted({ auth: {} })
    putManifest(registry)
    const challenge = `Bearer realm="${registry.url}/token",service="scripted"${scope}`
    registry.script({ method: 'HEAD' }, faults.status(401, { 'www-authenticate': challenge }), { times: 1 })
    await client().resolve(refTo(registry, 'a/b:1'))
    expect(tokenRequests(registry).map(({ query }) => query.getAll('scope'))).toEqual([
      ['repository:a/b:pull'],
    ])
    expect(tokenRequests(registry)[0]?.query.get('service')).toBe('scripted')
  }
})

test('the challenge is requested at /v2/ if the resources of a registry have none', async () => {
  const registry = await scripted({ auth: {} })
  const desc = putManifest(registry)
  registry.script({ method: 'HEAD' }, faults.status(401), { times: 1 })
  expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(registry.requests.map(({ path }) => path)).toContain('/v2/')
})

test('R8 many transfers whose token is revoked share one refresh', async () => {
  const registry = await scripted({ auth: {} })
  const blobs = Array.from({ length: 8 }, (_, i) => seededBlob(registry, 1000 + i))
  const fetcher = client().fetcher(refTo(registry, 'a/b'))
  const fetchAll = () => Promise.all(blobs.map(async ({ desc }) => collect((await fetcher.fetch(desc)).body)))
  await fetchAll()
  expect(tokenRequests(registry)).toHaveLength(1)
  registry.revokeTokens()
  expect((await fetchAll()).map((content) => digestOf(content))).toEqual(blobs.map(({ desc }) => desc.digest))
  expect(tokenRequests(registry)).toHaveLength(2)
})

test('R8 a second 401 is fatal', async () => {
  const registry = await scripted({ auth: {} })
  putManifest(registry)
  const challenge = `Bearer realm="${registry.url}/token",service="scripted"`
  registry.script(
    { method: 'GET', path: '/manifests/' },
    faults.status(401, { 'www-authenticate': challenge }),
  )
  const resolving = client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  await expect(resolving).rejects.toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
  expect(registry.received({ path: '/manifests/' })).toHaveLength(2)
})

test('an aborted call does not end the refresh that others wait for', async () => {
  const registry = await scripted({ auth: {} })
  const desc = putManifest(registry)
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  registry.script({ path: '/token' }, async (_request, proper) => {
    await answered
    return proper()
  })
  const registryClient = client({ timeouts: {} })
  const abort = new AbortController()
  const impatient = registryClient.resolve(refTo(registry, 'a/b:1'), { signal: abort.signal })
  const patient = registryClient.resolve(refTo(registry, 'a/b:1'))
  await registry.requested({ path: '/token' })
  abort.abort()
  await expect(impatient).rejects.toMatchObject({ code: 'CANCELED' })
  answer()
  expect((await patient).desc).toEqual(desc)
  expect(tokenRequests(registry)).toHaveLength(1)
})

test('an expired token is replaced before it is sent', async () => {
  const registry = await scripted({ auth: { lifetime: 1e-9 } })
  putManifest(registry)
  const registryClient = client()
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  expect(registry.received({ method: 'HEAD' }).map(({ status }) => status)).toEqual([401, 200, 200])
  expect(tokenRequests(registry)).toHaveLength(2)
})

test.each([
  ['redirects', faults.redirect('http://127.0.0.1:1/elsewhere'), 'redirects, which is refused'],
  ['sends HTML', faults.status(200, {}, '<html>secret</html>'), 'not JSON'],
  ['sends no token', faults.status(200, {}, '{"secret":true}'), 'answer has no token'],
  [
    'sends a token with a line break',
    faults.status(200, {}, '{"token":"secret\\r\\nx: y"}'),
    'answer has no token',
  ],
  [
    'sends more than 64 KiB',
    faults.status(200, {}, `{"token":"${'secret'.repeat(20_000)}"}`),
    'answer exceeds the limit of 65536 bytes',
  ],
  ['sends without end', faults.endlessBody(), 'answer exceeds the limit of 65536 bytes'],
  ['answers 400', faults.status(400, {}, 'secret'), 'answered 400'],
])('R5 a token server that %s is an error, and its body is not repeated', async (_what, fault, message) => {
  const registry = await scripted({ auth: {} })
  registry.script({ path: '/token' }, fault)
  const resolving = client().resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })
  await expect(resolving).rejects.toThrow(message)
  await expect(resolving).rejects.not.toThrow(/secret/)
})

test.each([
  ['fails for a moment', faults.status(503)],
  ['closes the connection', faults.closed()],
])('a token request is retried if the token server %s', async (_what, fault) => {
  const registry = await scripted({ auth: {} })
  const desc = putManifest(registry)
  registry.script({ path: '/token' }, fault, { times: 1 })
  expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
})

test.each(['access_token', 'token'])('a token is taken from "%s"', async (name) => {
  const registry = await scripted({ auth: {} })
  const desc = putManifest(registry)
  registry.script({ path: '/token' }, async (_request, proper) => {
    const { token } = JSON.parse(Buffer.from((await proper()).body).toString())
    return reply(200, {}, JSON.stringify({ [name]: token }))
  })
  expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
})

test('R6 a 401 with an unreadable challenge is UNAUTHENTICATED, and the message quotes it safely', async () => {
  for (const header of ['Negotiate', 'Bearer realm', '"', ',,,']) {
    const registry = await scripted()
    registry.script({}, faults.status(401, { 'www-authenticate': header }))
    await expect(client().resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  }
})

test('R6 headers of 64 KiB are refused by name', async () => {
  const registry = await scripted()
  registry.script({}, faults.status(401, { 'www-authenticate': `Bearer realm="${'x'.repeat(64 * 1024)}"` }))
  const resolving = client().resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })
})

test('R3 R35 a realm that is further inside than the registry is refused before any request', async () => {
  const inside = await startServer(() => reply(200, {}, '{"token":"x"}'))
  onTestFinished(() => inside[Symbol.asyncDispose]())
  // A proxy stands in for the public host, so that nothing leaves this machine.
  const proxy = await startServer(() =>
    reply(401, { 'www-authenticate': `Bearer realm="http://127.0.0.1:${inside.port}/token"` }),
  )
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  const hosts = async () => [{ url: 'http://registry.example.com/v2', capabilities: ['resolve'] as const }]
  const registryClient = client({ credentials: async () => ann, hosts, proxy: { httpProxy: proxy.url } })
  const resolving = registryClient.resolve({ host: 'registry.example.com', repository: 'a/b', tag: '1' })
  await expect(resolving).rejects.toMatchObject({ code: 'PERMISSION_DENIED', retryable: false })
  await expect(resolving).rejects.toThrow(
    'token for repository:a/b:pull from 127.0.0.1:' +
      `${inside.port}: 127.0.0.1 is a loopback address, while registry.example.com counts as public: connection refused`,
  )
  expect(inside.requests).toEqual([])
})

test('R4 R32 credentials are not sent to a realm of another domain, and the error mentions it', async () => {
  // A proxy stands in for the public host, so that nothing leaves this machine.
  const elsewhere = await startServer(() => reply(401))
  onTestFinished(() => elsewhere[Symbol.asyncDispose]())
  const registry = await scripted()
  const proxy = { httpProxy: elsewhere.url }
  registry.script(
    {},
    faults.status(401, { 'www-authenticate': 'Bearer realm="http://auth.example.net/token"' }),
  )
  const hosts = (realms: string[]) => async () => [
    { ...defaultEndpoint(registry.host), hostsFile: '/etc/certs.d/r/hosts.toml', realms },
  ]
  const options = { ...shortWaits, credentials: async () => ann, proxy }
  const registryClient = client({ ...options, hosts: hosts([]) })
  const resolving = registryClient.resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await expect(resolving).rejects.toThrow(
    `credentials for ${registry.host} were not sent to auth.example.net, which has another domain; ` +
      'to allow it, add realms = ["auth.example.net"] at the top of /etc/certs.d/r/hosts.toml',
  )
  expect(elsewhere.requests[0]?.headers.authorization).toBeUndefined()

  const trusting = client({ ...options, hosts: hosts(['auth.example.net']) })
  await expect(trusting.resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(elsewhere.requests[1]?.headers.authorization).toBe(`Basic ${btoa('ann:secret')}`)
})
