import { faults, reply, type ScriptedRegistry, startServer } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import type { Credential } from '../src/auth/credential.js'
import { createRegistry, defaultEndpoint } from '../src/index.js'
import { client, putManifest, refTo, scripted, shortWaits } from './support.js'

const ann: Credential = { kind: 'password', username: 'ann', password: 'secret' }
const annOnly = { username: 'ann', password: 'secret' }

function tokenRequests(registry: ScriptedRegistry) {
  return registry.received({ path: '/token' })
}

test('R31 credentials differ by repository, and so do the tokens that they get', async () => {
  const registry = await scripted({ auth: {} })
  putManifest(registry)
  registry.content.putManifest('c/d', '{"manifests":[]}', 'application/vnd.oci.image.index.v1+json', '1')
  const credentials = async (_host: string, { repository = '' } = {}) =>
    ({ kind: 'password', username: repository, password: 'x' }) as const
  const registryClient = client({ credentials })
  for (const name of ['a/b:1', 'c/d:1', 'a/b:1', 'c/d:1']) await registryClient.resolve(refTo(registry, name))
  const users = tokenRequests(registry).map(({ headers }) => headers.authorization)
  expect(users).toEqual([`Basic ${btoa('a/b:x')}`, `Basic ${btoa('c/d:x')}`])
})

test('R31 Basic sends each repository its own credentials', async () => {
  const registry = await scripted({ auth: { scheme: 'basic', username: 'a/b', password: 'x' } })
  putManifest(registry)
  const credentials = async (_host: string, { repository = '' } = {}) =>
    ({ kind: 'password', username: repository, password: 'x' }) as const
  const registryClient = client({ credentials })
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  const resolving = registryClient.resolve(refTo(registry, 'c/d:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(registry.received({ path: '/v2/c/d/manifests/1' })[0]?.headers.authorization).toBe(
    `Basic ${btoa('c/d:x')}`,
  )
})

test.each([
  ['/v2', 'a/b'],
  ['/v2/cache', 'cache/a/b'],
  ['/cache/v2', 'cache/a/b'],
  ['/api', 'api/a/b'],
])('R31 below %s credentials are looked for as %s', async (path, expected) => {
  const registry = await startServer(() => reply(401, { 'www-authenticate': 'Basic realm="x"' }))
  onTestFinished(() => registry[Symbol.asyncDispose]())
  const asked: unknown[] = []
  const hosts = async () => [{ url: registry.url + path, capabilities: ['resolve'] as const }]
  const credentials = async (host: string, options?: object) => {
    asked.push([host, options])
    return undefined
  }
  const resolving = client({ hosts, credentials }).resolve({ host: 'r', repository: 'a/b', tag: '1' })
  await expect(resolving).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(asked[0]).toEqual([registry.host, { repository: expected, fresh: false }])
})

test('credentials of no use are looked for afresh', async () => {
  const registry = await scripted({ auth: annOnly })
  const desc = putManifest(registry)
  const asked: unknown[] = []
  const credentials = async (_host: string, { fresh = false } = {}) => {
    asked.push(fresh)
    return { ...ann, password: fresh ? 'secret' : 'old' }
  }
  const registryClient = client({ credentials })
  await expect(registryClient.resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  })
  expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(asked).toEqual([false, true])
})

/** Credentials of ann, and whether each lookup was a fresh one. */
function lookups() {
  const asked: boolean[] = []
  const credentials = async (_host: string, { fresh = false } = {}) => {
    asked.push(fresh)
    return ann
  }
  return { asked, credentials }
}

test('a password that is refused after it was accepted is looked up again: passwords of helpers expire', async () => {
  const registry = await scripted({ auth: { scheme: 'basic', ...annOnly } })
  const desc = putManifest(registry)
  const { asked, credentials } = lookups()
  const registryClient = client({ credentials })
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  registry.script({ method: 'HEAD' }, faults.status(401, { 'www-authenticate': 'Basic realm="x"' }), {
    times: 1,
  })
  expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(asked).toEqual([false, true])
})

test('a password that is renewed while a process runs gets the next token, without a failure', async () => {
  const registry = await scripted({ auth: annOnly })
  const desc = putManifest(registry)
  const { asked, credentials } = lookups()
  const registryClient = client({ credentials })
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  registry.revokeTokens()
  registry.script({ path: '/token' }, faults.status(401), { times: 1 })
  expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(asked).toEqual([false, true])
  registry.revokeTokens()
  registry.script({ path: '/token' }, faults.status(401))
  await expect(registryClient.resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  })
  expect(asked).toEqual([false, true, true])
})

test('credentials that cannot be read are looked for again the next time', async () => {
  const registry = await scripted({ auth: annOnly })
  const desc = putManifest(registry)
  let calls = 0
  const credentials = async () => {
    if (++calls === 1) throw new Error('keychain is locked')
    return ann
  }
  await using registryClient = createRegistry({ ...shortWaits, credentials })
  await expect(registryClient.resolve(refTo(registry, 'a/b:1'))).rejects.toThrow('keychain is locked')
  expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
})

test('R32 the error mentions withheld credentials, also if an anonymous token was not enough', async () => {
  // A proxy stands in for the public host, so that nothing leaves this machine.
  const elsewhere = await startServer(() => reply(200, {}, '{"token":"for-everybody"}'))
  onTestFinished(() => elsewhere[Symbol.asyncDispose]())
  const registry = await scripted()
  registry.script(
    {},
    faults.status(401, { 'www-authenticate': 'Bearer realm="http://auth.example.net/token"' }),
  )
  const hostsFile = '/etc/certs.d/r/hosts.toml'
  const hosts = async () => [{ ...defaultEndpoint(registry.host), hostsFile }]
  const proxy = { httpProxy: elsewhere.url }
  const resolving = client({ credentials: async () => ann, hosts, proxy }).resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await expect(resolving).rejects.toThrow(
    `to allow it, add realms = ["auth.example.net"] at the top of ${hostsFile}`,
  )
  const nobody = client({ hosts, proxy }).resolve(refTo(registry, 'a/b:1'))
  await expect(nobody).rejects.not.toThrow('realms')
})

test('R26 messages of registries and token servers are shown without the secrets that were sent to them', async () => {
  const spoken: Credential = { kind: 'password', username: 'ann', password: 'correct-horse' }
  const basic = btoa('ann:correct-horse')
  const registry = await scripted({ auth: { username: 'ann', password: 'correct-horse' } })
  putManifest(registry)
  const body = (said: string) => JSON.stringify({ errors: [{ code: 'UNKNOWN', message: said }] })
  const echo = `user ann sent correct-horse by ${basic}, password="other", eyJhbGciOiJIUzI1NiJ9.e30.c2ln`
  registry.script({ path: '/token' }, faults.status(503, {}, body(echo)))
  const failing = client({ credentials: async () => spoken }).resolve(refTo(registry, 'a/b:1'))
  await expect(failing).rejects.toThrow('user ann sent (secret) by (secret), password="(secret)", (token)')

  const sent = await scripted({ auth: {} })
  sent.script(
    { path: '/v2/a/b/manifests/1' },
    ({ headers }) => {
      return reply(403, {}, body(`${headers.authorization} of ${headers['x-key']} may not`))
    },
    { after: 1 },
  )
  const hosts = async () => [{ ...defaultEndpoint(sent.host), headers: { 'x-key': 'configured' } }]
  const refused = client({ hosts }).resolve(refTo(sent, 'a/b:1'), { intent: 'manifest' })
  await expect(refused).rejects.toThrow(/\(UNKNOWN: Bearer \((?:secret|token)\) of \(secret\) may not\)/)
})
