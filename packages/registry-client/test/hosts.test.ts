import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { faults } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { defaultEndpoint, type Endpoint, hostsFromDirectories, unlistedHost } from '../src/index.js'
import { client, collect, putManifest, refTo, scripted, seededBlob } from './support.js'

async function directory(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'certs.d-'))
  onTestFinished(() => rm(root, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), content)
  }
  return root
}

/** The endpoints of the entry that a host has. */
async function entryOf(roots: readonly string[], host: string): Promise<readonly Endpoint[]> {
  return (await hostsFromDirectories(roots, host)) ?? expect.unreachable(`${host} has no entry`)
}

test('mirrors come in the order of the file, the server last', async () => {
  const root = await directory({
    'docker.io/hosts.toml': `
      server = "https://registry-1.docker.io"
      [host."https://mirror-b.example"]
        capabilities = ["pull", "resolve"]
      [host."http://mirror-a.example:5000/sub/path/"]
        capabilities = ["pull"]
        [host."http://mirror-a.example:5000/sub/path/".header]
          x-key = "k"
          X-List = ["a", "b"]
      [host."https://odd.example/already/v2"]
      [host."https://odd.example/api"]
        override_path = true
    `,
  })
  const hostsFile = join(root, 'docker.io/hosts.toml')
  const endpoints = await entryOf([root], 'docker.io')
  expect(endpoints.map((endpoint) => endpoint.hostsFile)).toEqual(endpoints.map(() => hostsFile))
  expect(endpoints).toMatchObject([
    { url: 'https://mirror-b.example/v2', capabilities: ['pull', 'resolve'], mirrorOf: 'docker.io' },
    {
      url: 'http://mirror-a.example:5000/sub/path/v2',
      capabilities: ['pull'],
      headers: { 'x-key': 'k', 'x-list': 'a, b' },
      mirrorOf: 'docker.io',
    },
    {
      url: 'https://odd.example/already/v2',
      capabilities: ['pull', 'resolve', 'push'],
      mirrorOf: 'docker.io',
    },
    { url: 'https://odd.example/api', capabilities: ['pull', 'resolve', 'push'], mirrorOf: 'docker.io' },
    { url: 'https://registry-1.docker.io/v2', capabilities: ['pull', 'resolve', 'push'] },
  ] satisfies Endpoint[])
})

test('without a server the registry itself is the last, also in _default', async () => {
  const root = await directory({ '_default/hosts.toml': '[host."https://mirror.example"]' })
  const endpoints = await entryOf([root], 'registry.example:5000')
  expect(endpoints.map(({ url }) => url)).toEqual([
    'https://mirror.example/v2',
    'https://registry.example:5000/v2',
  ])
})

test('keys and certificates are read, relative to the file', async () => {
  const root = await directory({
    'registry.example/hosts.toml': `
      server = "https://registry.example"
      ca = ["ca.pem", "ca/other.pem"]
      client = [["client.cert", "client.key"], ["both.pem", ""]]
      skip_verify = true
    `,
    'registry.example/ca.pem': 'CA1',
    'registry.example/ca/other.pem': 'CA2',
    'registry.example/client.cert': 'CERT',
    'registry.example/client.key': 'KEY',
    'registry.example/both.pem': 'BOTH',
  })
  const [endpoint] = await entryOf([root], 'registry.example')
  expect(endpoint?.tls).toEqual({
    ca: ['CA1', 'CA2'],
    client: [
      { cert: 'CERT', key: 'KEY' },
      { cert: 'BOTH', key: 'BOTH' },
    ],
    skipVerify: true,
  })
})

test('one file may be given without a list', async () => {
  const root = await directory({
    'registry.example/hosts.toml': 'ca = "ca.pem"\nclient = "both.pem"',
    'registry.example/ca.pem': 'CA',
    'registry.example/both.pem': 'BOTH',
  })
  const [endpoint] = await entryOf([root], 'registry.example')
  expect(endpoint?.tls).toEqual({ ca: ['CA'], client: [{ cert: 'BOTH', key: 'BOTH' }] })
})

test('a directory without hosts.toml is read as docker does, and TLS then counts on loopback too', async () => {
  const root = await directory({
    'localhost_5000_/ca.crt': 'CA',
    'localhost_5000_/client.cert': 'CERT',
    'localhost_5000_/client.key': 'KEY',
  })
  const [endpoint] = await entryOf([root], 'localhost:5000')
  expect(endpoint).toMatchObject({
    url: 'https://localhost:5000/v2',
    tls: { ca: ['CA'], client: [{ cert: 'CERT', key: 'KEY' }] },
  })
})

test('the directory host_port_ comes before host:port, that before _default; the first root wins', async () => {
  const file = (name: string) => `[host."https://${name}.example"]`
  const root = await directory({
    'r.example_5000_/hosts.toml': file('spelled'),
    'r.example:5000/hosts.toml': file('plain'),
    '_default/hosts.toml': file('default'),
  })
  const other = await directory({ 'r.example:5000/hosts.toml': file('other') })
  const first = async (roots: string[], host: string) => (await entryOf(roots, host))[0]?.url
  expect(await first([root, other], 'r.example:5000')).toBe('https://spelled.example/v2')
  expect(await first([other, root], 'r.example:5000')).toBe('https://other.example/v2')
  expect(await first([root], 'else.example')).toBe('https://default.example/v2')
})

test('without a directory the endpoint is the host itself, with the file for its settings', async () => {
  const root = await directory({ 'r.example/hosts.toml': '' })
  const hostsFile = join(root, 'else.example_5000_/hosts.toml')
  const endpoint = { ...defaultEndpoint('else.example:5000'), hostsFile }
  expect(await hostsFromDirectories([root, '/none'], 'else.example:5000')).toBeUndefined()
  expect(unlistedHost([root, '/none'], 'else.example:5000')).toEqual(endpoint)
  expect(unlistedHost([], 'else.example')).toEqual(defaultEndpoint('else.example'))
})

test('R32 R35 realms and addresses at the top are for the server and its mirrors', async () => {
  const root = await directory({
    'r.example/hosts.toml': `
      realms = ["auth.example.net:5000", "login.example.org"]
      addresses = ["10.0.0.0/8", "fd00::1"]
      [host."https://m.example"]
    `,
  })
  const realms = ['auth.example.net:5000', 'login.example.org']
  const addresses = ['10.0.0.0/8', 'fd00::1']
  expect(await hostsFromDirectories([root], 'r.example')).toMatchObject([
    { url: 'https://m.example/v2', realms, addresses },
    { url: 'https://r.example/v2', realms, addresses },
  ])
})

test.each([
  ['not TOML', 'server = ', 'not TOML'],
  [
    'an unknown capability',
    '[host."https://m.example"]\ncapabilities = ["fly"]',
    '"fly" is not a capability',
  ],
  ['another scheme', 'server = "ftp://m.example"', 'neither https nor http'],
  ['a header that breaks out', '[header]\nx = "a\\r\\nb: c"', 'is not a valid header'],
  ['a missing certificate', 'ca = "none.pem"', 'cannot be read (ENOENT)'],
  [
    'a realm that is a URL',
    'realms = ["https://auth.example.net"]',
    'realms: "https://auth.example.net/" is not a host',
  ],
  ['a realm that is not a list', 'realms = "auth.example.net"', 'realms is not a list'],
  [
    'a net that is none',
    'addresses = ["10.0.0.0/33"]',
    'addresses: "10.0.0.0/33" is not an address or a net',
  ],
  ['a list for a server', 'server = ["a"]', 'server is not a string'],
])('%s is INVALID_ARGUMENT, naming the file', async (_what, toml, message) => {
  const root = await directory({ 'r.example/hosts.toml': toml })
  const reading = hostsFromDirectories([root], 'r.example')
  await expect(reading).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(reading).rejects.toThrow(message)
  await expect(reading).rejects.toThrow(join(root, 'r.example'))
})

test('a mirror that fails is passed over', async () => {
  const mirror = await scripted()
  const registry = await scripted()
  const desc = putManifest(registry)
  mirror.script({}, faults.status(503))
  const resolved = await mirrored(mirror.url, registry.url).resolve(refTo(registry, 'a/b:1'))
  expect(resolved.desc).toEqual(desc)
  expect(registry.requests).toHaveLength(1)
})

test.each([
  ['does not answer', faults.stalledHeaders()],
  ['wants a pause', faults.status(429)],
])('R28 a mirror that %s gets one request, and is skipped at once from then on', async (_what, fault) => {
  const mirror = await scripted()
  const registry = await scripted()
  const desc = putManifest(registry)
  mirror.script({}, fault)
  const both = mirrored(mirror.url, registry.url)
  for (let i = 0; i < 3; i++) expect((await both.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(mirror.requests).toHaveLength(1)
  expect(registry.requests).toHaveLength(3)
})

test('when all fail, the error is that of the registry itself and names the others', async () => {
  const mirror = await scripted()
  const registry = await scripted()
  mirror.script({}, faults.status(403))
  const resolving = mirrored(mirror.url, registry.url).resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(resolving).rejects.toThrow(`before that: ${registry.host}/a/b:1: ${mirror.host} denies access`)
})

test('after the first byte there is no other endpoint', async () => {
  const mirror = await scripted()
  const registry = await scripted()
  const { desc } = seededBlob(mirror, 1000)
  seededBlob(registry, 1000)
  mirror.script({}, faults.cutBody(100))
  const { body } = await mirrored(mirror.url, registry.url).fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(collect(body)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(mirror.requests).toHaveLength(3)
  expect(registry.requests).toEqual([])
})

test('an endpoint gets requests for its capabilities only', async () => {
  const mirror = await scripted()
  const registry = await scripted()
  const desc = putManifest(registry)
  const hosts = async () => [
    { url: `${mirror.url}/v2`, capabilities: ['pull'] as const },
    { url: `${registry.url}/v2`, capabilities: ['resolve'] as const },
  ]
  expect((await client({ hosts }).resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(mirror.requests).toEqual([])
  const unable = client({ hosts: async () => [{ url: `${mirror.url}/v2`, capabilities: ['push'] }] })
  await expect(unable.resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('endpoints are plain data and can be sent to another thread', async () => {
  const root = await directory({ 'r.example/hosts.toml': '[host."https://m.example"]\nskip_verify = true' })
  const registry = client({ hosts: ({ host }) => entryOf([root], host) })
  const endpoints = await registry.endpointsFor({ host: 'r.example', repository: 'a/b' })
  expect(structuredClone(endpoints)).toEqual(endpoints)
})

function mirrored(...urls: string[]) {
  const hosts = async () =>
    urls.map((url) => ({ url: `${url}/v2`, capabilities: ['pull', 'resolve'] as const }))
  return client({ hosts })
}
