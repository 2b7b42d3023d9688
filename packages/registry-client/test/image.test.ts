import { createStore, MemoryDriver } from '@dist/content'
import { childrenHandler, walk } from '@dist/images'
import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import { parseReference } from '@dist/reference'
import {
  allContent,
  dockerImage,
  fetchHandler,
  handlers,
  imageIndex,
  ociImage,
  type ScriptedRegistry,
  seededLayer,
} from '@dist/testkit'
import { expect, test } from 'vitest'
import { client, manifestOf, putManifest, refTo, scripted } from './support.js'

/** Resolves `a/b:1` and takes everything below it into a store, as a pull does. */
async function pulled(registry: ScriptedRegistry) {
  const registryClient = client()
  const ref = refTo(registry, 'a/b:1')
  const { desc } = await registryClient.resolve(ref)
  const store = createStore(new MemoryDriver())
  await walk(handlers(fetchHandler(store, registryClient.fetcher(ref)), childrenHandler(store)), [desc])
  return store
}

test.each([
  ['an OCI image', ociImage({ layers: [seededLayer(1, 10_000), seededLayer(2, 20_000)] })],
  ['a Docker image', dockerImage({ layers: [seededLayer(3, 10_000)] })],
  [
    'an index',
    imageIndex([
      ociImage({ layers: [seededLayer(4, 1000)] }),
      ociImage({ layers: [seededLayer(5, 1000)], platform: { os: 'linux', architecture: 'arm64' } }),
    ]),
  ],
])('%s is fetched whole', async (_what, image) => {
  const registry = await scripted({ auth: {}, blobHost: true })
  registry.content.putImage('a/b', '1', image)
  const store = await pulled(registry)
  for (const { descriptor } of allContent(image))
    expect(await store.info(descriptor.digest)).toMatchObject({ size: descriptor.size })
})

test('R16 a layer that a manifest names twice is fetched once', async () => {
  const registry = await scripted()
  const layer = seededLayer(1, 1000)
  registry.content.putImage('a/b', '1', ociImage({ layers: [layer, layer] }))
  await pulled(registry)
  expect(registry.received({ path: layer.descriptor.digest })).toHaveLength(1)
})

test('R16 one digest with two sizes is fatal', async () => {
  const registry = await scripted()
  const layer = registry.content.putBlob('a/b', 'layer', mediaTypes.ociLayer)
  registry.content.putBlob('a/b', '{}', mediaTypes.ociConfig)
  putManifest(registry, manifestOf({ layers: [layer, { ...layer, size: 6 }] }))
  await expect(pulled(registry)).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })
})

test.each([-1, 1.5, 2 ** 53 + 1, '12', null])(
  'R17 a layer of size %j is rejected before it is asked for',
  async (size) => {
    const registry = await scripted()
    registry.content.putBlob('a/b', '{}', mediaTypes.ociConfig)
    putManifest(
      registry,
      manifestOf({ layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf('x'), size }] }),
    )
    await expect(pulled(registry)).rejects.toMatchObject({ code: 'MALFORMED' })
    expect(registry.received({ path: '/blobs/' })).toEqual([])
  },
)

test.each([
  ['sha256:../../x', 'MALFORMED'],
  [`sha256:${'A'.repeat(64)}`, 'MALFORMED'],
  [`sha256:${'0'.repeat(63)}`, 'MALFORMED'],
  [`md5:${'0'.repeat(32)}`, 'NOT_IMPLEMENTED'],
])('R18 a layer with the digest %s is rejected before it reaches a URL', async (digest, code) => {
  const registry = await scripted()
  putManifest(registry, manifestOf({ layers: [{ mediaType: mediaTypes.ociLayer, digest, size: 1 }] }))
  await expect(pulled(registry)).rejects.toMatchObject({ code })
  expect(registry.received({ path: '/blobs/' })).toEqual([])
})

test('R15 indexes that nest too deep, or name too many, are fatal', async () => {
  const registry = await scripted()
  const index = (manifests: Descriptor[]) =>
    registry.content.putManifest(
      'a/b',
      JSON.stringify({ schemaVersion: 2, manifests }),
      mediaTypes.ociIndex,
      '1',
    )
  let child = putManifest(registry)
  for (let depth = 0; depth < 10; depth++) child = index([child])
  await expect(pulled(registry)).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })

  const one = { mediaType: mediaTypes.ociManifest, digest: digestOf(''), size: 1 }
  index(Array.from({ length: 10_001 }, () => one))
  await expect(pulled(registry)).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })
})

test('R20 a hostile reference reaches no network', async () => {
  const registry = await scripted()
  const { host } = registry
  const hostile = [
    `${host}/a/b:${'x'.repeat(129)}`,
    `${host}/${'a/'.repeat(128)}b`,
    `${host}/a/../b`,
    `${host}/a/%2e%2e/b`,
    `${host}/a/b\n:1`,
    `user:password@${host}/a/b`,
    `http://${host}/a/b`,
  ]
  for (const text of hostile)
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  expect(registry.requests).toEqual([])
})
