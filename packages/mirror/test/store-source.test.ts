import { createStore, MemoryDriver, MemoryNames, readContent } from '@dist/content'
import { storeSource, storeTarget } from '@dist/mirror'
import { mediaTypes } from '@dist/oci'
import { parseReference } from '@dist/reference'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { blobAt, imageOf } from './support/images.js'
import { artifactOf, newPushWorld } from './support/pushing.js'
import { newWorld } from './support/world.js'

const name = 'registry.test/a:1'
const locator = { host: 'registry.test', repository: 'a' }

/** A store with these images under these names. */
async function stored(images: Readonly<Record<string, FixtureImage>>) {
  const world = newWorld()
  for (const [text, image] of Object.entries(images)) world.remote.push(image, text)
  await world.mirror(Object.keys(images))
  return { ...world, source: storeSource(world.content, world.names) }
}

describe('a store as a source', () => {
  it('resolves names by tag and by digest; the digest is used if both are given', async () => {
    const image = imageOf(['x'])
    const { digest } = image.descriptor
    const { source } = await stored({ [name]: image, [`registry.test/a@${digest}`]: image })
    for (const text of [name, `registry.test/a@${digest}`, `registry.test/a:other@${digest}`])
      expect((await source.resolve(parseReference(text))).desc.digest).toBe(digest)
  })

  it('throws NOT_FOUND for a name that is not published', async () => {
    const { source } = await stored({ [name]: imageOf(['x']) })
    await expect(source.resolve(parseReference('registry.test/a:2'))).rejects.toEqual(errorOf('NOT_FOUND'))
  })

  it('reads content from an offset, and names missing content', async () => {
    const image = imageOf(['x'])
    const { source, content } = await stored({ [name]: image })
    const fetcher = source.fetcher(locator)
    for (const desc of [image.descriptor, blobAt(image, 1)]) {
      const { offset, body } = await fetcher.fetch(desc, { offset: 100 })
      const read: Uint8Array[] = []
      for await (const chunk of body) read.push(chunk)
      expect(offset).toBe(100)
      expect(Buffer.concat(read)).toEqual(
        Buffer.from(await readContent(content, desc, desc.size)).subarray(100),
      )
    }
    await expect(fetcher.fetch(blobAt(imageOf(['y']), 1))).rejects.toEqual(errorOf('NOT_FOUND'))
  })

  it('pushes its content byte for byte', async () => {
    const image = imageOf(['x', 'y'])
    const { source } = await stored({ [name]: image })
    const { registry, mirror } = newPushWorld({ source })
    expect(await mirror([name])).toMatchObject([{ upToDate: false }])
    expect(await registry.image('m/a', '1')).toBe(image.descriptor.digest)
  })

  it('names the store in the error of a damaged manifest', async () => {
    const image = imageOf(['x'])
    const driver = new FlippingDriver()
    const content = createStore(driver)
    const names = new MemoryNames()
    const world = newWorld()
    world.remote.push(image, name)
    const target = storeTarget(content, names)(parseReference(name))
    for (const { descriptor, open } of [
      ...image.blobs,
      { descriptor: image.descriptor, open: () => [image.content] },
    ]) {
      await using writer = await content.writer(`w-${descriptor.digest}`, descriptor)
      for (const chunk of open()) await writer.write(chunk)
      await writer.commit()
    }
    await target.publish({ name, desc: image.descriptor, selection: 'all' }, { referrers: [], tags: [] })
    driver.flips = image.descriptor.digest
    const { registry, mirror } = newPushWorld({ source: storeSource(content, names) })
    const [outcome] = await mirror([name])
    expect(outcome?.error).toEqual(errorOf('FAILED_PRECONDITION', 'damaged in the store'))
    expect(await registry.image('m/a', '1')).toBeUndefined()
  })
})

describe('referrers in a store', () => {
  it('are those published in the same repository, each once', async () => {
    const image = imageOf(['x'])
    const { digest } = image.descriptor
    const [signature, sbom, elsewhere] = ['signature', 'sbom', 'elsewhere'].map((text) =>
      artifactOf(image.descriptor, text),
    ) as [FixtureImage, FixtureImage, FixtureImage]
    const { source } = await stored({
      [name]: image,
      'registry.test/a:signed': signature,
      'registry.test/a:signed-too': signature,
      [`registry.test/a@${sbom.descriptor.digest}`]: sbom,
      'registry.test/ab:1': elsewhere,
      'registry.test/a/b:1': elsewhere,
    })
    const found = await source.referrers?.(locator, digest)
    expect(found?.map((desc) => desc.digest).sort()).toEqual(
      [signature, sbom].map(({ descriptor }) => descriptor.digest).sort(),
    )
    expect(await source.referrers?.(locator, signature.descriptor.digest)).toEqual([])
  })

  it('do not include manifests that are damaged or missing, without an error', async () => {
    const image = imageOf(['x'])
    const signature = artifactOf(image.descriptor, 'signature')
    const gone = artifactOf(image.descriptor, 'gone')
    const { source, content, names } = await stored({
      [name]: image,
      'registry.test/a:signed': signature,
      'registry.test/a:gone': gone,
    })
    await content.delete(gone.descriptor.digest)
    await names.put({
      name: 'registry.test/a:odd',
      desc: { mediaType: mediaTypes.ociManifest, digest: blobAt(image, 0).digest, size: 2 },
      selection: 'all',
    })
    const found = await source.referrers?.(locator, image.descriptor.digest)
    expect(found?.map(({ digest }) => digest)).toEqual([signature.descriptor.digest])
  })
})

/** Storage that returns one content with a flipped bit. */
class FlippingDriver extends MemoryDriver {
  flips: string | undefined

  override async read(...[digest, options]: Parameters<MemoryDriver['read']>) {
    const body = await super.read(digest, options)
    return digest === this.flips ? flip(body) : body
  }
}

async function* flip(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of body) yield chunk.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
}
