import { digestOf, mediaTypes } from '@dist/oci'
import { faults } from '@dist/testkit'
import { expect, test } from 'vitest'
import { client, collect, manifestOf, putManifest, refTo, scripted, seededBlob } from './support.js'

test('a tag is fetched as a manifest, verified, with its digest computed', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  const object = await client().fetcher(refTo(registry, 'a/b')).fetchObject('1')
  expect(object).toMatchObject(desc)
  expect(String(await collect(object.body))).toBe(manifestOf())
})

test('a digest is tried under manifests, then under blobs', async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, 1000)
  const object = await client().fetcher(refTo(registry, 'a/b')).fetchObject(desc.digest)
  expect(object).toMatchObject({ digest: desc.digest, size: 1000, mediaType: mediaTypes.octetStream })
  expect((await collect(object.body)).equals(content)).toBe(true)
  expect(registry.requests.map(({ path }) => path.split('/')[4])).toEqual(['manifests', 'blobs'])
})

test.each([
  [{ kind: 'type', value: 'blob' }, ['blobs']],
  [{ kind: 'mediatype', value: mediaTypes.ociLayerGzip }, ['blobs']],
  [{ kind: 'mediatype', value: mediaTypes.ociManifest }, ['manifests', 'blobs']],
] as const)('the hint %o orders the endpoints', async (hint, expected) => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 1000)
  await collect((await client().fetcher(refTo(registry, 'a/b')).fetchObject(desc.digest, [hint])).body)
  expect(registry.requests.map(({ path }) => path.split('/')[4])).toEqual(expected)
})

test('a missing object is NOT_FOUND, and no URL is requested twice', async () => {
  const registry = await scripted()
  const hints = [
    { kind: 'type', value: 'blob' },
    { kind: 'type', value: 'blob' },
  ] as const
  const fetching = client().fetcher(refTo(registry, 'a/b')).fetchObject(digestOf('x'), hints)
  await expect(fetching).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(registry.requests.map(({ path }) => path.split('/')[4])).toEqual(['blobs', 'manifests'])
})

test("a layer's digest that a registry fails on under manifests is found under blobs, without waiting", async () => {
  const registry = await scripted()
  const { desc, content } = seededBlob(registry, 1000)
  registry.script({ path: '/manifests/' }, faults.status(500))
  const object = await client().fetcher(refTo(registry, 'a/b')).fetchObject(desc.digest)
  expect((await collect(object.body)).equals(content)).toBe(true)
  expect(registry.requests).toHaveLength(2)
})

test("a layer's digest that a registry fails on under manifests is resolved under blobs", async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 1000)
  registry.script({ path: '/manifests/' }, faults.status(500))
  const resolved = await client().resolve(refTo(registry, `a/b@${desc.digest}`))
  expect(resolved.desc).toEqual(desc)
})

test('a registry that fails on all paths gets all attempts on the likely path', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({ path: '/manifests/' }, faults.status(500), { times: 2 })
  const object = await client().fetcher(refTo(registry, 'a/b')).fetchObject(desc.digest)
  expect(String(await collect(object.body))).toBe(manifestOf())
})

test('R10 a blob requested by digest is verified while it is read', async () => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 100_000)
  registry.script({ path: '/blobs/' }, faults.flippedByte(99_999))
  const object = await client().fetcher(refTo(registry, 'a/b')).fetchObject(desc.digest)
  await expect(collect(object.body)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
})

test('R10 a manifest requested by digest is verified before its first byte is returned', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script(
    {},
    faults.withBody((body) => Buffer.concat([body, Buffer.from(' ')])),
  )
  const fetching = client().fetcher(refTo(registry, 'a/b')).fetchObject(desc.digest)
  await expect(fetching).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
})

test('R18 R20 a hostile object reaches no network', async () => {
  const registry = await scripted()
  const fetcher = client().fetcher(refTo(registry, 'a/b'))
  const hostile = [
    'sha256:../../etc/passwd',
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'0'.repeat(63)}`,
    '../../x',
    'a%2e',
    'a b',
    'a\n',
    '',
    'x'.repeat(129),
  ]
  for (const object of hostile)
    await expect(fetcher.fetchObject(object)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(fetcher.fetchObject('blake3:00')).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  await expect(fetcher.fetchObject('blake3:00')).rejects.toThrow('unsupported')
  expect(registry.requests).toEqual([])
})
