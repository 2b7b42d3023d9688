import { type ContentStore, createStore, MemoryDriver } from '@dist/content'
import { imagePlatforms } from '@dist/mirror'
import { type Descriptor, mediaTypes } from '@dist/oci'
import {
  allContent,
  type FixtureBlob,
  fixtureBlob,
  imageIndex,
  ociImage,
  tarLayer,
} from '@dist/testkit/fixtures'
import { beforeEach, describe, expect, it } from 'vitest'

const arm = { os: 'linux', architecture: 'arm', variant: 'v6' }
const image = ociImage({ layers: [tarLayer([{ path: 'a' }])], platform: arm })
let store: ContentStore

beforeEach(() => {
  store = createStore(new MemoryDriver())
})

async function put(blob: FixtureBlob): Promise<Descriptor> {
  await using writer = await store.writer(blob.descriptor.digest, blob.descriptor)
  for (const chunk of blob.open()) await writer.write(Uint8Array.from(chunk))
  await writer.commit()
  return blob.descriptor
}

/** An image with this text as its config. */
async function putImage(config: string): Promise<Descriptor> {
  const { mediaType, digest, size } = await put(fixtureBlob(config, mediaTypes.ociConfig))
  const manifest = { schemaVersion: 2, config: { mediaType, digest, size }, layers: [] }
  return put(fixtureBlob(JSON.stringify(manifest), mediaTypes.ociManifest))
}

describe('imagePlatforms', () => {
  it('is the normalized platform in the config of a single manifest', async () => {
    for (const blob of allContent(image)) await put(blob)
    expect(await imagePlatforms(image.descriptor, store)).toEqual(['linux/arm/v6'])
    const odd = await putImage('{"os":"linux","architecture":"x86_64","variant":""}')
    expect(await imagePlatforms(odd, store)).toEqual(['linux/amd64'])
  })

  it.each([
    ['is no JSON', 'x'],
    ['is null', 'null'],
    ['is that of an artifact', '{}'],
    ['lacks the architecture', '{"os":"linux"}'],
    ['has an architecture that is no name', '{"os":"linux","architecture":"\\u001b[2J"}'],
    ['has an architecture that is no text', '{"os":"linux","architecture":{}}'],
  ])('is empty if the config %s', async (_, config) => {
    expect(await imagePlatforms(await putImage(config), store)).toEqual([])
  })

  it('is empty if the manifest or its config is missing', async () => {
    expect(await imagePlatforms(image.descriptor, store)).toEqual([])
    await put({ descriptor: image.descriptor, open: () => [image.content] })
    expect(await imagePlatforms(image.descriptor, store)).toEqual([])
  })

  it('is empty for an index, whose entries have platforms', async () => {
    expect(await imagePlatforms(imageIndex([image]).descriptor, store)).toEqual([])
  })
})
