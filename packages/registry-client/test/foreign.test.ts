import { createStore, MemoryDriver } from '@dist/content'
import { digestOf, mediaTypes } from '@dist/oci'
import { faults, fetchHandler, reply, startServer } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { defaultEndpoint } from '../src/index.js'
import { client, collect, refTo, scripted } from './support.js'

const content = Buffer.from('foreign layer')

async function publisher() {
  const server = await startServer(({ headers }) => {
    const first = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    const range = { 'content-range': `bytes ${first}-${content.byteLength - 1}/${content.byteLength}` }
    return first === 0 ? reply(200, {}, content) : reply(206, range, content.subarray(first))
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

const foreignLayer = (...urls: string[]) => ({
  mediaType: mediaTypes.dockerForeignLayerGzip,
  digest: digestOf(content),
  size: content.byteLength,
  urls,
})

test('R2 by default a foreign layer is requested from the registry, not from its URLs', async () => {
  const server = await publisher()
  const registry = await scripted()
  const fetching = client()
    .fetcher(refTo(registry, 'a/b'))
    .fetch(foreignLayer(`${server.url}/layer`))
  await expect(fetching).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(server.requests).toEqual([])
  expect(registry.requests).not.toEqual([])
})

test('R2 with the option a foreign layer is fetched from its URL, without credentials', async () => {
  const server = await publisher()
  const registry = await scripted()
  const hosts = async () => [
    {
      url: `${registry.url}/v2`,
      capabilities: ['pull'] as const,
      headers: { authorization: 'Basic secret' },
    },
  ]
  const fetcher = client({ foreignUrls: true, hosts }).fetcher(refTo(registry, 'a/b'))
  const { body } = await fetcher.fetch(foreignLayer(`${server.url}/layer`))
  expect((await collect(body)).equals(content)).toBe(true)
  expect(server.requests[0]?.headers.authorization).toBeUndefined()
  expect(registry.requests).toEqual([])
})

test('R2 a foreign layer is continued as any other', async () => {
  const server = await publisher()
  const registry = await scripted()
  server.script({}, faults.cutBody(5), { times: 1 })
  const fetcher = client({ foreignUrls: true }).fetcher(refTo(registry, 'a/b'))
  const { body } = await fetcher.fetch(foreignLayer(`${server.url}/layer`))
  expect((await collect(body)).equals(content)).toBe(true)
})

test('R2 content with another digest does not become visible', async () => {
  const server = await publisher()
  const registry = await scripted()
  server.script({}, faults.flippedByte())
  const store = createStore(new MemoryDriver())
  const fetcher = client({ foreignUrls: true }).fetcher(refTo(registry, 'a/b'))
  const copying = fetchHandler(store, fetcher)(foreignLayer(`${server.url}/layer`), {})
  await expect(copying).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
})

test('R2 other schemes and URLs with a user are not requested', async () => {
  const server = await publisher()
  const registry = await scripted()
  const urls = [
    'file:///etc/passwd',
    'ftp://127.0.0.1/x',
    `http://user:password@127.0.0.1:${server.port}/`,
    'not a URL',
  ]
  const fetching = client({ foreignUrls: true })
    .fetcher(refTo(registry, 'a/b'))
    .fetch(foreignLayer(...urls))
  await expect(fetching).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(server.requests).toEqual([])
})

test('R35 a URL with a link-local address is not requested, and the error contains the line that allows it', async () => {
  const registry = await scripted()
  const fetching = client({ foreignUrls: true })
    .fetcher(refTo(registry, 'a/b'))
    .fetch(foreignLayer('http://169.254.169.254/latest/meta-data'))
  await expect(fetching).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  await expect(fetching).rejects.toThrow('add addresses = ["169.254.169.254"] at the top of')
})

test('R35 the URLs of a public image do not lead inside, although it came from a mirror there', async () => {
  const server = await publisher()
  const mirror = await scripted()
  const hosts = async () => [
    { ...defaultEndpoint(mirror.host), mirrorOf: 'docker.io' },
    { url: 'https://registry-1.docker.io/v2', capabilities: [] },
  ]
  const fetching = client({ foreignUrls: true, hosts })
    .fetcher({ host: 'docker.io', repository: 'a/b' })
    .fetch(foreignLayer(`${server.url}/layer`))
  await expect(fetching).rejects.toThrow('is a loopback address, while registry-1.docker.io counts as public')
  expect(server.requests).toEqual([])
})

test('R2 no login is sent to a URL that requires one; the next URL is tried', async () => {
  const server = await publisher()
  const registry = await scripted()
  server.script({ path: '/private' }, faults.status(401, { 'www-authenticate': 'Basic realm="x"' }))
  const credentials = async () => ({ kind: 'password', username: 'ann', password: 'secret' }) as const
  const fetcher = client({ foreignUrls: true, credentials }).fetcher(refTo(registry, 'a/b'))
  const { body } = await fetcher.fetch(foreignLayer(`${server.url}/private`, `${server.url}/layer`))
  expect((await collect(body)).equals(content)).toBe(true)
  expect(server.requests.map(({ path }) => path)).toEqual(['/private', '/layer'])
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
})

test("R2 if all URLs fail the registry is requested; if it has nothing, the error is the first URL's", async () => {
  const server = await publisher()
  const registry = await scripted()
  server.script({}, faults.status(403))
  const fetcher = client({ foreignUrls: true }).fetcher(refTo(registry, 'a/b'))
  const layer = foreignLayer(`${server.url}/layer`)
  await expect(fetcher.fetch(layer)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  registry.content.putBlob('a/b', content)
  expect((await collect((await fetcher.fetch(layer)).body)).equals(content)).toBe(true)
})

test('R2 URLs of layers of other types are not requested', async () => {
  const server = await publisher()
  const registry = await scripted()
  registry.content.putBlob('a/b', content)
  const desc = { ...foreignLayer(`${server.url}/layer`), mediaType: mediaTypes.ociLayerGzip }
  await collect((await client({ foreignUrls: true }).fetcher(refTo(registry, 'a/b')).fetch(desc)).body)
  expect(server.requests).toEqual([])
})
