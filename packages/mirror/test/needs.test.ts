import type { Image } from '@dist/content'
import { neededBy } from '@dist/images'
import { mediaTypes, parsePlatform } from '@dist/oci'
import { allContent, type FixtureImage, imageIndex } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { needsOf } from '../src/needs.js'
import { errorOf } from './support/errors.js'
import { diskError, FaultyDriver } from './support/faulty.js'
import { blobAt, digestsOf, documentImage, imageOf, twoPlatforms } from './support/images.js'
import { amd64, newWorld } from './support/world.js'

const [a, b] = ['registry.test/a:1', 'registry.test/b:1'] as const

async function mirrored(image: FixtureImage, platforms: 'all' | typeof amd64 = 'all') {
  const driver = new FaultyDriver()
  const world = newWorld({ driver })
  world.remote.push(image, a)
  await world.mirror([a], { platforms })
  return { ...world, driver, image: (await world.names.get(a)) as Image }
}

const contentOf = (...images: FixtureImage[]) =>
  [...new Set(images.flatMap(allContent).map(({ descriptor }) => descriptor.digest))].sort()

describe('neededBy', () => {
  it('returns each digest once', async () => {
    const { index } = twoPlatforms()
    const world = await mirrored(index)
    expect(digestsOf(await neededBy(world.image, world.content))).toEqual(contentOf(index))
  })

  it('follows only the selection', async () => {
    const { index, amd64: taken } = twoPlatforms()
    const world = await mirrored(index, amd64)
    const wanted = [...contentOf(taken), index.descriptor.digest].sort()
    expect(digestsOf(await neededBy(world.image, world.content))).toEqual(wanted)
  })

  it('returns missing content, and does not check whether blobs are stored', async () => {
    const image = imageOf(['x'])
    const world = await mirrored(image)
    await world.content.delete(blobAt(image, 1).digest)
    world.driver.stats.length = 0
    expect(digestsOf(await neededBy(world.image, world.content))).toEqual(contentOf(image))
    expect(world.driver.stats).toEqual([])
  })

  it.each(['missing', 'damaged'])('ends at a manifest that is %s, and returns the rest', async (what) => {
    const [bad, whole] = [imageOf(['x']), imageOf(['y'])]
    const index = imageIndex([bad, whole])
    const world = await mirrored(index)
    if (what === 'missing') await world.content.delete(bad.descriptor.digest)
    else world.driver.damages.set(bad.descriptor.digest, 'flipped')
    const wanted = [index.descriptor.digest, bad.descriptor.digest, ...contentOf(whole)].sort()
    expect(digestsOf(await neededBy(world.image, world.content))).toEqual(wanted)
  })

  it('throws the error of the store, or skips the manifest if requested', async () => {
    const world = await mirrored(imageOf(['x']))
    world.driver.damages.set(world.image.desc.digest, diskError())
    await expect(neededBy(world.image, world.content)).rejects.toEqual(errorOf('INTERNAL', 'EIO'))
    const skipping = await neededBy(world.image, world.content, { unreadable: 'skip' })
    expect(digestsOf(skipping)).toEqual([world.image.desc.digest])
  })

  it('throws CANCELED even if it skips errors', async () => {
    const world = await mirrored(imageOf(['x']))
    const options = { unreadable: 'skip', signal: AbortSignal.abort() } as const
    await expect(neededBy(world.image, world.content, options)).rejects.toEqual(errorOf('CANCELED'))
  })

  it('reads an index once that is named ten thousand times on every level (R15)', async () => {
    let image: FixtureImage = imageOf(['x'])
    for (let level = 0; level < 3; level++) {
      const manifests = new Array(10_000).fill(image.descriptor)
      image = documentImage({ schemaVersion: 2, manifests }, mediaTypes.ociIndex, [], [image])
    }
    const world = await mirrored(image)
    world.driver.reads.length = 0
    expect(await neededBy(world.image, world.content)).toHaveLength(3 + 3)
    expect(world.driver.reads).toHaveLength(3 + 1)
  })

  it('returns content below a manifest that is also named for another platform', async () => {
    const image = imageOf(['x'])
    const asArm = { ...image, descriptor: { ...image.descriptor, platform: parsePlatform('linux/arm64') } }
    const world = await mirrored(imageIndex([imageIndex([asArm]), imageIndex([image])]), amd64)
    expect(digestsOf(await neededBy(world.image, world.content))).toEqual(
      expect.arrayContaining(contentOf(image)),
    )
  })
})

describe('needsOf', () => {
  it('names all images that need a digest, and omits digests that none needs', async () => {
    const world = newWorld()
    const [one, other] = [imageOf(['shared', 'x']), imageOf(['shared', 'y'])]
    world.remote.push(one, b)
    world.remote.push(other, a)
    await world.mirror([a, b])
    const [shared, own] = [blobAt(one, 1), blobAt(one, 2)]
    const needs = await needsOf(new Set([shared.digest, own.digest, 'sha256:none']), world)
    expect([...needs].sort()).toMatchObject(
      [
        [shared.digest, { desc: { digest: shared.digest, size: shared.size }, images: [a, b] }],
        [own.digest, { images: [b] }],
      ].sort(),
    )
  })
})
