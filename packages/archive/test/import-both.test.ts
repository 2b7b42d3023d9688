import { gzipSync } from 'node:zlib'
import { bareDescriptor, digestOf, mediaTypes } from '@dist/oci'
import { fixtureBlob, ociImage, type TarEntry, tarLayer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import {
  blobFiles,
  containerdName,
  dockerParts,
  file,
  importEntries,
  indexFile,
  layoutFile,
  listed,
} from './support/archives.js'
import { errorOf } from './support/errors.js'
import { TestStore } from './support/store.js'

const image = ociImage({
  layers: [tarLayer([{ path: 'etc/a', content: 'a' }]), tarLayer([{ path: 'etc/b', content: 'b' }])],
})
const other = ociImage({ layers: [tarLayer([{ path: 'etc/other', content: 'other' }])] })
const { config, layers } = dockerParts(image)
const blobPath = (bytes: Uint8Array) => `blobs/sha256/${digestOf(bytes).slice(7)}`
const name = 'docker.io/library/app:1'

/** The entry of the image in the docker list, with uncompressed layers. */
const dockerFiles = (changes: object = {}): TarEntry[] => [
  file(blobPath(config), config),
  ...layers.map((layer) => file(blobPath(layer), layer)),
  file('manifest.json', [
    { Config: blobPath(config), RepoTags: ['app:1'], Layers: layers.map(blobPath), ...changes },
  ]),
]

/** A manifest with the config of the image and these layers, as an entry of the layout. */
function wrongly(...parts: readonly Uint8Array[]) {
  const described = (mediaType: string, bytes: Uint8Array) => fixtureBlob(bytes, mediaType).descriptor
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: described(mediaTypes.ociConfig, config),
    layers: parts.map((part) => described(mediaTypes.ociLayer, part)),
  }
  const blob = fixtureBlob(JSON.stringify(document), mediaTypes.ociManifest)
  const bytes = Buffer.concat([...blob.open()])
  const index = indexFile({ ...blob.descriptor, annotations: { [containerdName]: name } })
  return { digest: blob.descriptor.digest, files: [layoutFile, file(blobPath(bytes), bytes), index] }
}

const once = (entries: readonly TarEntry[]) => [
  ...new Map(entries.map((entry) => [entry.path, entry])).values(),
]

async function imported(entries: readonly TarEntry[], store = new TestStore()) {
  const { images } = await importEntries(once(entries), store)
  const digests = await store.digests()
  return { images, digests }
}

/** The result for the docker list alone. */
const right = () => imported(dockerFiles())

describe('A2 an archive that is a layout and a docker archive', () => {
  it('is imported as the layout if that is right', async () => {
    const index = indexFile(listed(image, { [containerdName]: name }))
    const { images } = await imported([layoutFile, ...blobFiles([image]), ...dockerFiles(), index])
    expect(images).toEqual([{ name, desc: bareDescriptor(image.descriptor), selection: 'all' }])
  })

  it.each([
    ['lists nothing', indexFile()],
    ['has null for a list', file('index.json', { schemaVersion: 2, manifests: null })],
    ['has no list', file('index.json', { schemaVersion: 2 })],
    ['is no JSON', file('index.json', '{')],
  ])('is imported as the docker archive if the index %s', async (_, index) => {
    expect(await imported([layoutFile, index, ...dockerFiles()])).toEqual(await right())
  })

  const [first, second] = layers as [Uint8Array, Uint8Array]
  it.each([
    ['lacks a layer', [first]],
    ['has a layer too many', [first, second, second]],
    ['has its layers in another order', [second, first]],
    ['has none', []],
  ])('is imported as the docker archive if the manifest %s', async (_, parts) => {
    const { files } = wrongly(...parts)
    expect(await imported([...files, ...dockerFiles()])).toEqual(await right())
  })

  it('is imported as the docker archive if compressed layers differ from the config', async () => {
    const wrong = gzipSync('something else')
    const { files } = wrongly(wrong, gzipSync(second))
    const parts = [wrong, gzipSync(second)].map((part) => file(blobPath(part), part))
    expect(await imported([...files, ...parts, ...dockerFiles()])).toEqual(await right())
  })

  it('is imported as the docker archive if the layout is incomplete', async () => {
    const index = indexFile(listed(image, { [containerdName]: name }))
    expect(await imported([layoutFile, index, ...dockerFiles()])).toEqual(await right())
  })

  it('includes images that only the docker list has', async () => {
    const index = indexFile(listed(other, { [containerdName]: 'docker.io/library/other:2' }))
    const { images } = await imported([layoutFile, ...blobFiles([other]), index, ...dockerFiles()])
    const { images: alone } = await right()
    expect(images).toEqual([
      { name: 'docker.io/library/other:2', desc: bareDescriptor(other.descriptor), selection: 'all' },
      ...alone,
    ])
  })

  it('keeps the name of a wrong layout if the docker list has none', async () => {
    const { files } = wrongly(first)
    const { images } = await imported([...files, ...dockerFiles({ RepoTags: null })])
    expect(images.map((each) => each.name)).toEqual([name])
  })

  it('is an error if both are wrong', async () => {
    const { files } = wrongly(first)
    const store = new TestStore()
    const backwards = { Layers: [blobPath(second), blobPath(first)] }
    await expect(imported([...files, ...dockerFiles(backwards)], store)).rejects.toEqual(
      errorOf('FAILED_PRECONDITION', 'diffID'),
    )
    await expect(
      imported([...files, ...dockerFiles().slice(0, -1), file('manifest.json', [])], store),
    ).rejects.toEqual(errorOf('MALFORMED', '1 layers', 'expected 2 by the diff_ids'))
    expect(await store.digests()).toEqual([])
  })
})

it('files that no image needs are reported', async () => {
  const stray = file('blobs/stray', 'x'.repeat(1000))
  const outcome = await importEntries([stray, ...dockerFiles()], new TestStore())
  expect(outcome.leftOut).toEqual({ files: 1, bytes: 1000 })
  expect((await importEntries(dockerFiles(), new TestStore())).leftOut).toBeUndefined()
})
