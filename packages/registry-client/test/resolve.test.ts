import { digestOf, maxManifestSize, mediaTypes } from '@dist/oci'
import { errorReply, faults, startServer } from '@dist/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { client, manifestOf, putManifest, refTo, scripted, shortWaits } from './support.js'

test('one HEAD gives media type, digest and size', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  const resolved = await client().resolve(refTo(registry, 'a/b:1'))
  expect(resolved).toEqual({ name: refTo(registry, 'a/b:1'), desc })
  expect(registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'HEAD /v2/a/b/manifests/1',
  ])
})

test('HEAD and GET send the same Accept, with every type that is read', async () => {
  const registry = await scripted()
  putManifest(registry)
  const registryClient = client()
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  await registryClient.resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  const [head, get] = registry.requests
  expect(head?.headers.accept).toBe(get?.headers.accept)
  for (const type of [
    mediaTypes.ociIndex,
    mediaTypes.dockerIndex,
    mediaTypes.ociManifest,
    mediaTypes.dockerManifest,
  ])
    expect(head?.headers.accept).toContain(type)
})

test('with the intent to read the manifest, one GET resolves and brings it', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  const resolved = await client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  expect(resolved.desc).toEqual(desc)
  expect(Buffer.from(resolved.content ?? []).toString()).toBe(manifestOf())
  expect(registry.requests.map(({ method }) => method)).toEqual(['GET'])
})

test('a tag with a digest asks for the digest', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  const resolved = await client().resolve(refTo(registry, `a/b:moved@${desc.digest}`))
  expect(resolved.desc).toEqual(desc)
  expect(registry.requests[0]?.path).toBe(`/v2/a/b/manifests/${desc.digest}`)
})

test('the digest of a blob resolves to the blob, after a request for a manifest', async () => {
  const registry = await scripted()
  const { digest } = registry.content.putBlob('a/b', 'content')
  const { desc } = await client().resolve(refTo(registry, `a/b@${digest}`))
  expect(desc).toEqual({ mediaType: mediaTypes.octetStream, digest, size: 7 })
})

test.each([404, 405, 501])('R12 a HEAD that is answered %i is followed by a GET', async (status) => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({ method: 'HEAD' }, faults.status(status))
  expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
})

test('R12 a 404 to HEAD is believed of a host that has answered a HEAD with 200', async () => {
  const registry = await scripted()
  putManifest(registry)
  const registryClient = client()
  const gone = () => registryClient.resolve(refTo(registry, 'a/b:gone'))
  await expect(gone()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  await expect(gone()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET', 'HEAD', 'HEAD'])
})

test('R12 a HEAD of another host, and one answered 405, do not make a 404 believed', async () => {
  const [registry, other] = [await scripted(), await scripted()]
  const desc = putManifest(registry)
  putManifest(other)
  registry.script({ method: 'HEAD' }, faults.status(404))
  registry.script({ method: 'HEAD' }, faults.status(405), { times: 1 })
  const registryClient = client()
  await registryClient.resolve(refTo(other, 'a/b:1'))
  for (let i = 0; i < 2; i++)
    expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
})

test.each([
  ['length', { 'content-length': undefined, 'transfer-encoding': 'chunked' }],
  ['digest', { 'docker-content-digest': undefined }],
  ['media type', { 'content-type': undefined }],
])('R12 a HEAD without %s is followed by a GET, and the digest computed', async (_what, headers) => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({}, faults.withHeaders(headers))
  expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
})

test.each(['text/html', 'application/json', 'text/plain; charset=utf-8'])(
  'a manifest given as %s is recognised by what it says of itself',
  async (type) => {
    const registry = await scripted()
    const desc = putManifest(registry)
    registry.script({}, faults.withHeaders({ 'content-type': type }))
    expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  },
)

test('a page of a proxy in the place of a manifest is malformed, not a manifest', async () => {
  const registry = await scripted()
  registry.script({}, faults.status(200, { 'content-type': 'text/html' }, '<html>Please sign in</html>'))
  await expect(client().resolve(refTo(registry, 'a/b:1'))).rejects.toMatchObject({ code: 'MALFORMED' })
})

test('R11 a digest header that lies is rejected when the manifest is read', async () => {
  const registry = await scripted()
  putManifest(registry)
  registry.script({}, faults.withHeaders({ 'docker-content-digest': digestOf('something else') }))
  const resolving = client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  await expect(resolving).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  await expect(resolving).rejects.toThrow(digestOf('something else'))
})

test('R11 a HEAD that announces another digest than the requested one is rejected', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({}, faults.withHeaders({ 'docker-content-digest': digestOf('something else') }))
  const resolving = client().resolve(refTo(registry, `a/b@${desc.digest}`))
  await expect(resolving).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
})

test('a digest header of another algorithm than the requested one is checked against the bytes', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({}, faults.withHeaders({ 'docker-content-digest': digestOf(manifestOf(), 'sha512') }))
  expect((await client().resolve(refTo(registry, `a/b@${desc.digest}`))).desc).toEqual(desc)
})

test('R13 a Content-Type may have parameters and any case', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  const type = 'Application/vnd.oci.image.manifest.v1+JSON; charset=utf-8'
  registry.script({}, faults.withHeaders({ 'content-type': type }))
  expect((await client().resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
})

test.each([
  [
    'calls itself something else',
    manifestOf({ mediaType: mediaTypes.dockerManifest }),
    'MALFORMED',
    'has the media type',
  ],
  ['has both layers and manifests', manifestOf({ manifests: [] }), 'MALFORMED', 'both layers and manifests'],
  ['is of schema 1', '{"schemaVersion":1,"fsLayers":[]}', 'NOT_IMPLEMENTED', 'schema 1'],
  ['is not JSON', '{"schemaVersion":', 'MALFORMED', 'not JSON'],
])('R13 a manifest that %s is rejected by name', async (_what, content, code, message) => {
  const registry = await scripted()
  putManifest(registry, content)
  const resolving = client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  await expect(resolving).rejects.toMatchObject({ code })
  await expect(resolving).rejects.toThrow(message)
})

test('R14 a manifest of 3.9 MB works', async () => {
  const registry = await scripted()
  const desc = putManifest(registry, manifestOf({ annotations: { filler: 'x'.repeat(3_900_000) } }))
  const { content } = await client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  expect(content?.byteLength).toBe(desc.size)
})

test.each([
  ['announced by HEAD', 'compare', {}],
  ['announced by GET', 'manifest', {}],
  ['not announced', 'manifest', { 'content-length': undefined }],
] as const)('R14 a manifest over the cap fails, its size %s', async (_what, intent, headers) => {
  const registry = await scripted()
  putManifest(registry, manifestOf({ annotations: { filler: 'x'.repeat(maxManifestSize) } }))
  registry.script({}, faults.withHeaders(headers))
  const resolving = client().resolve(refTo(registry, 'a/b:1'), { intent })
  await expect(resolving).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: false })
})

test('a manifest that breaks off is read again', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({ method: 'GET' }, faults.cutBody(20), { times: 1 })
  expect((await client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })).desc).toEqual(desc)
})

test('a missing name is NOT_FOUND, naming it and the registry', async () => {
  const registry = await scripted()
  const resolving = client().resolve(refTo(registry, 'a/none:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'NOT_FOUND', retryable: false })
  await expect(resolving).rejects.toThrow(
    `${registry.host}/a/none:1: ${registry.host} does not have it (404)`,
  )
})

test('aborting ends a resolve that waits', async () => {
  const registry = await scripted()
  registry.script({}, faults.stalledHeaders())
  const abort = new AbortController()
  const resolving = client({ timeouts: {} }).resolve(refTo(registry, 'a/b:1'), { signal: abort.signal })
  await registry.requested({})
  abort.abort()
  await expect(resolving).rejects.toMatchObject({ code: 'CANCELED' })
})

test('Docker Hub is requested at registry-1.docker.io, its mirror with ns', async () => {
  const mirror = await startServer(() => errorReply(404, 'MANIFEST_UNKNOWN', 'unknown'))
  onTestFinished(() => mirror[Symbol.asyncDispose]())
  const registry = client()
  expect(await registry.endpointsFor({ host: 'docker.io', repository: 'library/alpine' })).toMatchObject([
    { url: 'https://registry-1.docker.io/v2' },
  ])
  const hosts = async () => [
    { url: `${mirror.url}/v2`, capabilities: ['pull', 'resolve'] as const, mirrorOf: 'docker.io' },
  ]
  const viaMirror = client({ ...shortWaits, hosts })
  const ref = { host: 'docker.io', repository: 'library/alpine', tag: '3' }
  await expect(viaMirror.resolve(ref)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(mirror.requests[0]?.url).toBe('/v2/library/alpine/manifests/3?ns=docker.io')
})
