import { createTestAuthority, faults } from '@dist/testkit'
import { expect, test } from 'vitest'
import { defaultEndpoint, type Endpoint } from '../src/index.js'
import { client, collect, putManifest, refTo, scripted, seededBlob } from './support.js'

const authority = createTestAuthority()
const { cert, key } = authority.server

const at = (url: string, tls?: Endpoint['tls']) => ({
  hosts: async () => [{ url: `${url}/v2`, capabilities: ['pull', 'resolve'] as const, tls }],
})

test('R24 an unknown authority is refused at once, and the message says what to do', async () => {
  const registry = await scripted({ tls: { cert, key } })
  const resolving = client(at(registry.url)).resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
  await expect(resolving).rejects.toThrow('set its authority as "ca" in hosts.toml')
  expect(registry.requests).toEqual([])
})

test('R24 a configured authority of the host is trusted, also for redirected blobs', async () => {
  const registry = await scripted({ tls: { cert, key }, blobHost: true })
  const desc = putManifest(registry)
  const blob = seededBlob(registry, 1000)
  const registryClient = client(at(registry.url, { ca: [authority.ca] }))
  expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  const { body } = await registryClient.fetcher(refTo(registry, 'a/b')).fetch(blob.desc)
  expect((await collect(body)).equals(blob.content)).toBe(true)
})

test('R24 skip_verify holds for its own origin only: a redirect is verified', async () => {
  const registry = await scripted({ tls: { cert, key }, blobHost: true })
  const desc = putManifest(registry)
  const blob = seededBlob(registry, 1000)
  const registryClient = client(at(registry.url, { skipVerify: true }))
  expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  const fetching = registryClient.fetcher(refTo(registry, 'a/b')).fetch(blob.desc)
  await expect(fetching).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
})

test('R24 a registry with TLS that redirects to plain http is not followed', async () => {
  const clear = await scripted()
  const registry = await scripted({ tls: { cert, key } })
  const { desc } = seededBlob(registry, 1000)
  registry.script({}, faults.redirect(`${clear.url}/blob`))
  const fetching = client(at(registry.url, { ca: [authority.ca] }))
    .fetcher(refTo(registry, 'a/b'))
    .fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })
  expect(clear.requests).toEqual([])
})

test('a client certificate lets in', async () => {
  const registry = await scripted({ tls: { cert, key, clientCa: authority.ca } })
  const desc = putManifest(registry)
  const ca = [authority.ca]
  const registryClient = client(at(registry.url, { ca, client: [authority.client] }))
  expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  const without = client({ ...at(registry.url, { ca }), retry: { attempts: 1 } })
  await expect(without.resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('R24 without configuration only loopback is reached by plain http', () => {
  for (const host of ['localhost', 'localhost:5000', '127.0.0.1:5000', '127.9.9.9', '[::1]:5000'])
    expect(defaultEndpoint(host).url).toBe(`http://${host}/v2`)
  for (const host of [
    'registry.example',
    '10.0.0.1:5000',
    'localhost.example',
    '127.0.0.1.example',
    '[::2]:5000',
  ])
    expect(defaultEndpoint(host).url).toBe(`https://${host}/v2`)
  expect(defaultEndpoint('docker.io').url).toBe('https://registry-1.docker.io/v2')
})

test('https to a plain http server is an error, and the message says what to do', async () => {
  const registry = await scripted()
  const https = at(registry.url.replace('http:', 'https:'))
  const resolving = client(https).resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
  await expect(resolving).rejects.toThrow(`server = "http://${registry.host}"`)
})

test('http to a TLS server is an error that names TLS', async () => {
  const registry = await scripted({ tls: { cert, key } })
  const resolving = client({ ...at(`http://${registry.host}`), retry: { attempts: 1 } }).resolve(
    refTo(registry, 'a/b:1'),
  )
  await expect(resolving).rejects.toThrow(registry.host)
})

test('an authority of one host is not trusted for redirected blobs, unless it is set for that host as well', async () => {
  const registry = await scripted({ tls: { cert, key }, blobHost: true })
  const desc = putManifest(registry)
  const blob = seededBlob(registry, 1000)
  const ownCa = [authority.ca]
  const alone = client(at(registry.url, { ownCa }))
  expect((await alone.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  const fetching = alone.fetcher(refTo(registry, 'a/b')).fetch(blob.desc)
  await expect(fetching).rejects.toThrow(/is not trusted .*--ca-file 127/)
  const blobs = new URL(registry.blobHost?.url ?? '').host
  const [endpoint] = await at(registry.url, { ownCa }).hosts()
  const both = client({ hosts: async () => [{ ...endpoint, elsewhere: { [blobs]: { ownCa } } } as Endpoint] })
  const { body } = await both.fetcher(refTo(registry, 'a/b')).fetch(blob.desc)
  expect((await collect(body)).equals(blob.content)).toBe(true)
})
