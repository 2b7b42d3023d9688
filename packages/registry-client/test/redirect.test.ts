import { faults, reply, startServer } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { redirectTarget } from '../src/http/redirect.js'
import { client, collect, refTo, scripted, seededBlob } from './support.js'

const password = { kind: 'password', username: 'ann', password: 'secret' } as const

test('R1 a redirect to another origin carries no credentials and no configured headers', async () => {
  const auth = { scheme: 'basic', username: 'ann', password: 'secret' } as const
  const registry = await scripted({ auth, blobHost: true })
  const { desc, content } = seededBlob(registry, 1000)
  const hosts = async () => [
    {
      url: `${registry.url}/v2`,
      capabilities: ['pull', 'resolve'] as const,
      headers: { cookie: 'session=1', 'proxy-authorization': 'Basic x', 'x-key': 'k' },
    },
  ]
  const registryClient = client({ credentials: async () => password, hosts })
  const { body } = await registryClient.fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
  const sent = registry.requests.at(-1)?.headers
  expect(sent).toMatchObject({ 'x-key': 'k', cookie: 'session=1' })
  expect(sent?.authorization).toMatch(/^Basic /)
  const redirected = registry.blobHost?.requests[0]?.headers
  expect(redirected).toBeDefined()
  expect(Object.keys(redirected ?? {}).sort()).toEqual([
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
  ])
})

test('R1 another port of the same host is another origin', async () => {
  const registry = await scripted({ auth: {}, blobHost: true })
  const { desc } = seededBlob(registry, 10)
  await collect((await client().fetcher(refTo(registry, 'a/b')).fetch(desc)).body)
  expect(registry.blobHost?.requests[0]?.headers.authorization).toBeUndefined()
})

test('R1 a foreign host cannot send us back with credentials', async () => {
  const registry = await scripted({ auth: {} })
  const { desc } = seededBlob(registry, 10)
  const foreign = await startServer(() =>
    reply(307, { location: `${registry.url}/v2/a/b/blobs/${desc.digest}` }),
  )
  onTestFinished(() => foreign[Symbol.asyncDispose]())
  registry.script({ path: '/blobs/' }, faults.redirect(`${foreign.url}/`), { after: 1, times: 1 })
  await client()
    .fetcher(refTo(registry, 'a/b'))
    .fetch(desc)
    .catch(() => {})
  expect(foreign.requests).toHaveLength(1)
  const returned = registry.received({ path: '/blobs/' })[2]
  expect(returned?.headers.authorization).toBeUndefined()
})

test('R1 a 401 of a host that was redirected to is not answered', async () => {
  const foreign = await startServer(() =>
    reply(401, { 'www-authenticate': `Bearer realm="${foreign.url}/token",service="x"` }),
  )
  onTestFinished(() => foreign[Symbol.asyncDispose]())
  const registry = await scripted()
  const { desc } = seededBlob(registry, 10)
  registry.script({}, faults.redirect(`${foreign.url}/blob`))
  const registryClient = client({ credentials: async () => password })
  const fetching = registryClient.fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(foreign.requests.map(({ path }) => path)).toEqual(['/blob'])
})

test('a redirect within the registry keeps its authorization', async () => {
  const registry = await scripted({ auth: {} })
  const { desc, content } = seededBlob(registry, 10)
  const path = `/v2/a/b/blobs/${desc.digest}`
  registry.script({ path }, faults.redirect(`${path}?again`), { after: 1, times: 1 })
  const { body } = await client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  expect((await collect(body)).equals(content)).toBe(true)
})

test('endless redirects are ended after five', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 10)
  registry.script({}, faults.redirect('/v2/round'))
  const fetching = client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code: 'MALFORMED' })
  expect(registry.requests).toHaveLength(6)
})

test('R24 a redirect from https to http is refused', () => {
  const from = new URL('https://registry.example/v2/a/b/blobs/x')
  expect(() => redirectTarget('http://cdn.example/x?sig=secret', from, 'blob')).toThrow(
    'blob: redirect refused (registry.example): from https to plain http at http://cdn.example/x?…',
  )
  expect(redirectTarget('https://cdn.example/x', from, 'blob').href).toBe('https://cdn.example/x')
})

test.each([undefined, 'http://', 'file:///etc/passwd', 'ftp://x/y', 'javascript:alert(1)'])(
  'a redirect to %s is refused',
  (location) => {
    const from = new URL('http://registry.example/')
    expect(() => redirectTarget(location, from, 'blob')).toThrow(
      expect.objectContaining({ code: 'MALFORMED' }),
    )
  },
)
