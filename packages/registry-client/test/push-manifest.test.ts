import type { DistError } from '@dist/errdefs'
import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import { faults } from '@dist/testkit'
import { expect, test } from 'vitest'
import { held, MiB, push, pusherTo, sample } from './push-support.js'
import { client, manifestOf, putManifest, refTo, scripted } from './support.js'

interface Document {
  readonly desc: Descriptor
  readonly content: Buffer
}

function documentOf(fields: object = {}, mediaType: string = mediaTypes.ociManifest): Document {
  const content = Buffer.from(manifestOf({ ...fields, mediaType }))
  return { desc: { mediaType, digest: digestOf(content), size: content.byteLength }, content }
}

const subject = documentOf().desc
const tag = subject.digest.replace(':', '-')

test.each([mediaTypes.ociManifest, mediaTypes.dockerManifest])(
  'a manifest is put with its media type exactly (%s)',
  async (mediaType) => {
    const registry = await scripted()
    const { desc, content } = documentOf({}, mediaType)
    const pusher = pusherTo(registry)
    await pusher.put(desc, content)
    await pusher.put(desc, content, { tag: '1.0' })
    expect(registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `PUT /v2/a/b/manifests/${desc.digest}`,
      'PUT /v2/a/b/manifests/1.0',
    ])
    expect(registry.requests.map(({ headers }) => headers['content-type'])).toEqual([mediaType, mediaType])
    expect(registry.content.find('a/b', 'manifests', '1.0')?.digest).toBe(desc.digest)
  },
)

test('R11 a registry that answers with the digest of another manifest is an error', async () => {
  const registry = await scripted()
  registry.script({ method: 'PUT' }, faults.withHeaders({ 'docker-content-digest': digestOf('else') }))
  const { desc, content } = documentOf()
  const putting = pusherTo(registry).put(desc, content, { tag: '1' })
  await expect(putting).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
})

test('content that is not that of its descriptor is not sent', async () => {
  const registry = await scripted()
  const putting = pusherTo(registry).put(documentOf().desc, Buffer.from('{}'))
  await expect(putting).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  expect(registry.requests).toEqual([])
})

test('a manifest is put again after a failure that may pass', async () => {
  const registry = await scripted()
  registry.script({ method: 'PUT' }, faults.status(503), { times: 1 })
  registry.script({ method: 'PUT' }, faults.closed(), { after: 1, times: 1 })
  const { desc, content } = documentOf()
  await pusherTo(registry).put(desc, content)
  expect(registry.content.find('a/b', 'manifests', desc.digest)).toBeDefined()
})

test.each(['../../x', 'a/b', 'x'.repeat(129)])(
  'R20 the tag "%s" is refused without a request',
  async (name) => {
    const registry = await scripted()
    const { desc, content } = documentOf()
    const pusher = pusherTo(registry)
    const refused = { code: 'INVALID_ARGUMENT' }
    await expect(pusher.put(desc, content, { tag: name })).rejects.toMatchObject(refused)
    await expect(pusher.resolve(name)).rejects.toMatchObject(refused)
    expect(registry.requests).toEqual([])
  },
)

test('resolving a tag or a digest is one HEAD', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  const pusher = pusherTo(registry)
  expect(await pusher.resolve('1')).toEqual(desc)
  expect(await pusher.resolve(desc.digest)).toEqual(desc)
  expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD'])
  expect(await pusher.resolve('2')).toBeUndefined()
  expect(registry.received({ method: 'GET' })).toEqual([])
})

test.each([
  ['405', faults.status(405)],
  ['501', faults.status(501)],
  ['without a length', faults.withHeaders({ 'content-length': undefined })],
  ['without a digest', faults.withHeaders({ 'docker-content-digest': undefined })],
])('R12 a HEAD answered %s is followed by a GET', async (_what, fault) => {
  const registry = await scripted()
  const desc = putManifest(registry)
  registry.script({ method: 'HEAD' }, fault)
  const pusher = pusherTo(registry)
  expect(await pusher.resolve('1')).toEqual(desc)
  expect(await pusher.resolve('2')).toBeUndefined()
})

test('a registry that keeps the list of referrers itself is left to it', async () => {
  const registry = await scripted({ referrers: 10 })
  const { desc, content } = documentOf({ subject })
  await pusherTo(registry).put(desc, content)
  expect(registry.requests.map(({ method }) => method)).toEqual(['PUT'])
  const found = await client().referrers(refTo(registry, 'a/b'), subject.digest)
  expect(found.map(({ digest }) => digest)).toEqual([desc.digest])
})

test('for other registries a tag lists the referrers of a manifest, with type and annotations, each once', async () => {
  const registry = await scripted()
  const pusher = pusherTo(registry)
  const documents = [
    documentOf({ subject, artifactType: 'application/x-a', annotations: { a: 'b' } }),
    documentOf({ subject, annotations: { c: 'd' } }),
  ]
  await Promise.all([...documents, ...documents].map(({ desc, content }) => pusher.put(desc, content)))
  const list = JSON.parse(
    Buffer.from(registry.content.find('a/b', 'manifests', tag)?.content ?? '').toString(),
  )
  expect(list).toEqual({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [
      { ...documents[0]?.desc, artifactType: 'application/x-a', annotations: { a: 'b' } },
      { ...documents[1]?.desc, artifactType: mediaTypes.ociConfig, annotations: { c: 'd' } },
    ],
  })
  const found = await client().referrers(refTo(registry, 'a/b'), subject.digest)
  expect(found).toEqual(list.manifests)
})

test('a tag for referrers that means something else is not overwritten', async () => {
  const registry = await scripted()
  const other = manifestOf({ annotations: { of: 'somebody' } })
  const before = registry.content.putManifest('a/b', other, mediaTypes.ociManifest, tag)
  const { desc, content } = documentOf({ subject })
  await expect(pusherTo(registry).put(desc, content)).rejects.toMatchObject({ code: 'MALFORMED' })
  expect(registry.content.find('a/b', 'manifests', tag)?.digest).toBe(before.digest)
})

test('R30 a tag for referrers that answers their subject lists nothing, and gets a list', async () => {
  const registry = await scripted()
  registry.content.putManifest('a/b', manifestOf(), mediaTypes.ociManifest, tag)
  const { desc, content } = documentOf({ subject, annotations: { a: 'b' } })
  await pusherTo(registry).put(desc, content)
  const found = await client().referrers(refTo(registry, 'a/b'), subject.digest)
  expect(found.map(({ digest }) => digest)).toEqual([desc.digest])
})

test('R14 a list of referrers above the limit of manifests is an error, and stays unchanged', async () => {
  const registry = await scripted()
  const annotations = { filler: 'x'.repeat(7 * MiB) }
  const { desc } = documentOf({ subject: documentOf({ a: 1 }).desc })
  const list = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...desc, annotations }],
  })
  const before = registry.content.putManifest('a/b', list, mediaTypes.ociIndex, tag)
  const large = documentOf({ subject, annotations: { filler: 'y'.repeat(MiB) } })
  await expect(pusherTo(registry).put(large.desc, large.content)).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
  })
  expect(registry.content.find('a/b', 'manifests', tag)?.digest).toBe(before.digest)
})

const blobs = ['a', 'b', 'c'].map((text) => digestOf(text))
const saysLacking = (...details: unknown[]) =>
  faults.status(
    400,
    {},
    JSON.stringify({ errors: details.map((detail) => ({ code: 'MANIFEST_BLOB_UNKNOWN', detail })) }),
  )

test.each([
  ['a digest', saysLacking(blobs[0]), blobs.slice(0, 1)],
  ['objects with digests', saysLacking(...blobs.map((digest) => ({ digest }))), blobs],
  [
    'a list in an object',
    saysLacking({ unknown: [{ blob: blobs[1] }, { blob: blobs[1] }] }),
    blobs.slice(1, 2),
  ],
  ['a sentence', saysLacking(`layers ${blobs.join(' and ')} were not found`), blobs],
  ['what is no digest', saysLacking('sha256:../../x', 7, null, { digest: 'x' }), []],
  ['nothing', saysLacking(undefined), []],
])('R33 the blobs that a registry lacks are read from %s', async (_what, fault, lacks) => {
  const registry = await scripted()
  registry.script({ method: 'PUT' }, fault)
  const { desc, content } = documentOf()
  const error = await pusherTo(registry)
    .put(desc, content)
    .catch((caught: DistError) => caught)
  expect(error).toMatchObject({ code: 'MALFORMED', lacks })
})

test('a refusal without blobs names none', async () => {
  const registry = await scripted()
  const errors = [{ code: 'MANIFEST_INVALID', detail: blobs[0] }]
  registry.script({ method: 'PUT' }, faults.status(400, {}, JSON.stringify({ errors })))
  const { desc, content } = documentOf()
  const putting = pusherTo(registry).put(desc, content)
  await expect(putting).rejects.toMatchObject({ code: 'MALFORMED', lacks: undefined })
})

test('R33 as many blobs as a manifest may name are read, and an error without end is not', async () => {
  const registry = await scripted()
  const digests = Array.from({ length: 80 }, (_, i) => digestOf(String(i)))
  registry.script({ method: 'PUT' }, saysLacking(...digests.map((digest) => ({ digest }))), { times: 1 })
  const { desc, content } = documentOf()
  const pusher = pusherTo(registry)
  await expect(pusher.put(desc, content)).rejects.toMatchObject({ lacks: digests })
  registry.script(
    { method: 'PUT' },
    saysLacking(...Array.from({ length: 5000 }, () => ({ digest: digests[0] }))),
  )
  await expect(pusher.put(desc, content)).rejects.toMatchObject({ code: 'MALFORMED' })
})

test('R33 a blob that a repository turned out to lack is sent, whatever the registry answers', async () => {
  const registry = await scripted()
  const blob = sample(1000)
  registry.script({ method: 'HEAD' }, faults.status(200, { 'content-length': '1000' }, ''))
  const pusher = pusherTo(registry)
  await expect(push(pusher, blob)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  await pusher.forget(blob.desc)
  await push(pusher, blob)
  expect(held(registry, blob)).toBeDefined()
})

test.each([400, 403, 405, 409, 412])(
  'a tag that is refused (%i) and means the manifest already is put',
  async (code) => {
    const registry = await scripted()
    const { desc, content } = documentOf()
    registry.content.putManifest('a/b', content, desc.mediaType, 'immutable')
    registry.content.putManifest('a/b', manifestOf({ annotations: { a: 'b' } }), desc.mediaType, 'other')
    registry.script({ method: 'PUT' }, faults.status(code))
    const pusher = pusherTo(registry)
    await pusher.put(desc, content, { tag: 'immutable' })
    for (const tag of ['other', 'none'])
      await expect(pusher.put(desc, content, { tag })).rejects.toThrow(`${code}`)
  },
)
