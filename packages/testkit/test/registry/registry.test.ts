import { digestOf, mediaTypes } from '@dist/oci'
import { expect, onTestFinished, test } from 'vitest'
import {
  faults,
  ociImage,
  reply,
  type ScriptedRegistryOptions,
  seededLayer,
  startRegistry,
  startServer,
} from '../../src/index.js'

async function started(options: ScriptedRegistryOptions = {}) {
  const registry = await startRegistry(options)
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

const content = Buffer.from('0123456789')

test('an image that was put in is served whole: manifest by tag and digest, its blobs, HEAD and GET', async () => {
  const registry = await started()
  const image = ociImage({ layers: [seededLayer(1, 1000)] })
  const desc = registry.content.putImage('a/b', '1', image)
  for (const object of ['1', desc.digest]) {
    const answer = await fetch(`${registry.url}/v2/a/b/manifests/${object}`)
    expect(answer.headers.get('content-type')).toBe(mediaTypes.ociManifest)
    expect(answer.headers.get('docker-content-digest')).toBe(desc.digest)
    expect(digestOf(new Uint8Array(await answer.arrayBuffer()))).toBe(desc.digest)
  }
  for (const { descriptor } of image.blobs) {
    const head = await fetch(`${registry.url}/v2/a/b/blobs/${descriptor.digest}`, { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe(String(descriptor.size))
    const other = await fetch(`${registry.url}/v2/c/d/blobs/${descriptor.digest}`)
    expect(other.status).toBe(404)
  }
  expect((await fetch(`${registry.url}/v2/`)).status).toBe(200)
})

test.each([
  ['bytes=3-', 206, '3456789', 'bytes 3-9/10'],
  ['bytes=3-5', 206, '345', 'bytes 3-5/10'],
  ['bytes=10-', 416, '', 'bytes */10'],
])('the range %s of a blob is answered with %i', async (range, status, body, contentRange) => {
  const registry = await started()
  const { digest } = registry.content.putBlob('a/b', content)
  const answer = await fetch(`${registry.url}/v2/a/b/blobs/${digest}`, { headers: { range } })
  expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
    status,
    body,
    contentRange,
  ])
})

test('requests are recorded in order, with their headers and the status of their answers', async () => {
  const registry = await started()
  await fetch(`${registry.url}/v2/a/b/manifests/1?ns=x`, { headers: { 'x-key': 'k' } })
  expect(registry.requests).toMatchObject([
    { method: 'GET', path: '/v2/a/b/manifests/1', headers: { 'x-key': 'k' }, status: 404 },
  ])
  expect(registry.requests[0]?.query.get('ns')).toBe('x')
})

test('a fault is played on what matches, after so many, so many times; later rules win', async () => {
  const registry = await started()
  registry.content.putManifest('a/b', '{}', mediaTypes.ociManifest, '1')
  registry.script({ path: '/manifests/' }, faults.status(500), { after: 1, times: 2 })
  registry.script({ path: /\/1$/, method: 'HEAD' }, faults.status(503))
  const statuses: number[] = []
  for (const method of ['GET', 'GET', 'HEAD', 'GET', 'GET'])
    statuses.push((await fetch(`${registry.url}/v2/a/b/manifests/1`, { method })).status)
  expect(statuses).toEqual([200, 500, 503, 200, 200])
})

test('tokens count for their scope until they are taken back', async () => {
  const registry = await started({ auth: { username: 'ann', password: 'secret', lifetime: 5 } })
  const { digest } = registry.content.putBlob('a/b', content)
  const url = `${registry.url}/v2/a/b/blobs/${digest}`
  const challenge = (await fetch(url)).headers.get('www-authenticate')
  expect(challenge).toBe(
    `Bearer realm="${registry.url}/token",service="scripted",scope="repository:a/b:pull"`,
  )
  const ask = (scope: string, authorization: string) =>
    fetch(`${registry.url}/token?scope=${scope}`, { headers: { authorization } })
  expect((await ask('repository:a/b:pull', `Basic ${btoa('ann:wrong')}`)).status).toBe(401)
  const withToken = async (scope: string) => {
    const answer = await ask(scope, `Basic ${btoa('ann:secret')}`)
    const { token, expires_in } = (await answer.json()) as { token: string; expires_in: number }
    expect(expires_in).toBe(5)
    return () => fetch(url, { headers: { authorization: `Bearer ${token}` } })
  }
  const own = await withToken('repository:a/b:pull')
  expect((await own()).status).toBe(200)
  expect((await (await withToken('repository:c/d:pull'))()).status).toBe(401)
  registry.revokeTokens()
  expect((await own()).status).toBe(401)
})

test('a blob host takes redirects and refuses credentials', async () => {
  const registry = await started({ blobHost: true })
  const { digest } = registry.content.putBlob('a/b', content)
  const url = `${registry.url}/v2/a/b/blobs/${digest}`
  expect(await (await fetch(url)).text()).toBe('0123456789')
  const location = (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? ''
  expect((await fetch(location, { headers: { authorization: 'Bearer x' } })).status).toBe(400)
})

test.each([
  ['cut off', faults.cutBody(4)],
  ['reset before an answer', faults.closed()],
  ['not HTTP', faults.rawAnswer('hello')],
])('a body can be %s', async (_what, fault) => {
  const registry = await started()
  const { digest } = registry.content.putBlob('a/b', content)
  registry.script({}, fault)
  const reading = fetch(`${registry.url}/v2/a/b/blobs/${digest}`).then((answer) => answer.text())
  await expect(reading).rejects.toThrow()
})

test.each([
  ['flipped', faults.flippedByte(0), '1123456789', '10'],
  ['shortened without a length', faults.shortenedBody(4), '0123', null],
  ['sent in drops', faults.drippingBody(4, 1), '0123456789', '10'],
  ['given other headers', faults.withHeaders({ 'x-key': 'k' }), '0123456789', '10'],
])('a body can be %s', async (_what, fault, body, length) => {
  const registry = await started()
  const { digest } = registry.content.putBlob('a/b', content)
  registry.script({}, fault)
  const answer = await fetch(`${registry.url}/v2/a/b/blobs/${digest}`)
  expect(answer.headers.get('content-length')).toBe(length)
  expect(await answer.text()).toBe(body)
})

test('a range can be ignored, while the record keeps it', async () => {
  const registry = await started()
  const { digest } = registry.content.putBlob('a/b', content)
  registry.script({}, faults.ignoredRange())
  const answer = await fetch(`${registry.url}/v2/a/b/blobs/${digest}`, { headers: { range: 'bytes=4-' } })
  expect([answer.status, await answer.text()]).toEqual([200, '0123456789'])
  expect(registry.requests[0]?.headers.range).toBe('bytes=4-')
})

test('headers and bodies can stall, and closing the server ends the requests', async () => {
  const registry = await startRegistry()
  const { digest } = registry.content.putBlob('a/b', content)
  const url = `${registry.url}/v2/a/b/blobs/${digest}`
  registry.script({ method: 'HEAD' }, faults.stalledHeaders())
  registry.script({ method: 'GET' }, faults.stalledBody(4))
  const head = fetch(url, { method: 'HEAD' })
  const reader = (await fetch(url)).body?.getReader()
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('0123')
  const rest = reader?.read()
  await registry.requested({ method: 'HEAD' })
  await Promise.all([
    expect(head).rejects.toThrow(),
    expect(rest).rejects.toThrow(),
    registry[Symbol.asyncDispose](),
  ])
})

test('an endless body goes on until the client cancels', async () => {
  const registry = await started()
  const { digest } = registry.content.putBlob('a/b', content)
  registry.script({}, faults.endlessBody())
  const reader = (await fetch(`${registry.url}/v2/a/b/blobs/${digest}`)).body?.getReader()
  let received = 0
  while (received < 1_000_000) received += (await reader?.read())?.value?.byteLength ?? 0
  expect(received).toBeGreaterThanOrEqual(1_000_000)
  await reader?.cancel()
})

test('a server that is no registry answers by its function', async () => {
  const server = await startServer(({ path }) => reply(200, {}, path))
  onTestFinished(() => server[Symbol.asyncDispose]())
  expect(await (await fetch(`${server.url}/hello`)).text()).toBe('/hello')
})
