import type { Selection } from '@dist/content'
import { type DescriptorNode, inspectImage, summarizeImage } from '@dist/mirror'
import { type Descriptor, mediaTypes, parsePlatform } from '@dist/oci'
import { type FixtureImage, fixtureBlob, imageIndex } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { visit } from '../src/inspect.js'
import { blobAt, digestsOf, documentImage, imageOf, manifestOf, twoPlatforms } from './support/images.js'
import { amd64, newWorld, type World } from './support/world.js'

const name = 'registry.test/a:1'

async function mirrored(image: FixtureImage, platforms: 'all' | typeof amd64 = 'all'): Promise<World> {
  const world = newWorld()
  world.remote.push(image, name)
  await world.mirror([name], { platforms })
  return world
}

async function summary(world: World) {
  return summarizeImage(await world.names.get(name), world.content)
}

function bytesOf(...descs: Descriptor[]): number {
  return descs.reduce((sum, { size }) => sum + size, 0)
}

/** The descriptors of a tree that match a predicate. */
function those(root: DescriptorNode, holds: (node: DescriptorNode) => boolean): Descriptor[] {
  const found: Descriptor[] = []
  visit(root, (node) => {
    if (holds(node)) found.push(node.desc)
  })
  return found
}

describe('inspectImage', () => {
  it('shows the tree of an index, with what is selected and stored', async () => {
    const { index, amd64: taken, arm64: left } = twoPlatforms()
    const world = await mirrored(index, amd64)
    const root = await inspectImage(await world.names.get(name), world.content)
    expect(root.children.map(({ desc }) => desc.digest)).toEqual([
      taken.descriptor.digest,
      left.descriptor.digest,
    ])
    const blobs = taken.blobs.map(({ descriptor }) => descriptor)
    const wanted = digestsOf([index.descriptor, taken.descriptor, ...blobs])
    expect(digestsOf(those(root, ({ selected }) => selected))).toEqual(wanted)
    expect(digestsOf(those(root, ({ present }) => present))).toEqual(wanted)
  })

  it('ends at content that is not stored', async () => {
    const image = imageOf(['x'])
    const world = await mirrored(image)
    await world.content.delete(image.descriptor.digest)
    const root = await inspectImage(await world.names.get(name), world.content)
    expect(root).toMatchObject({ present: false, selected: true, children: [] })
  })

  it('reports why a stored manifest cannot be read, and shows the rest', async () => {
    const world = newWorld()
    const broken = documentImage('{', mediaTypes.ociManifest)
    const whole = imageOf(['x'])
    const index = imageIndex([broken, whole])
    world.remote.push(index, name)
    await world.mirror([name])
    const root = await inspectImage({ desc: index.descriptor, selection: 'all' }, world.content)
    expect(root.children[0]).toMatchObject({ present: true, damage: expect.stringContaining('not JSON') })
    expect(root.children[1]?.children).toHaveLength(2)
  })

  it('reports a stored manifest that is too large', async () => {
    const world = newWorld()
    const large = documentImage(' '.repeat(9 * 1024 * 1024), mediaTypes.ociManifest)
    await using writer = await world.content.writer('large', large.descriptor)
    await writer.write(Buffer.from(large.content))
    await writer.commit()
    const root = await inspectImage({ desc: large.descriptor, selection: 'all' }, world.content)
    expect(root).toMatchObject({ present: true, damage: expect.stringContaining('more than') })
  })

  it('shows content that is deleted at the same time as not stored', async () => {
    const image = imageOf(['x'])
    const world = await mirrored(image)
    const stat = world.driver.stat.bind(world.driver)
    world.driver.stat = async (digest) => {
      const info = await stat(digest)
      await world.driver.delete(digest)
      return info
    }
    const root = await inspectImage(await world.names.get(name), world.content)
    expect(root).toMatchObject({ present: false, children: [] })
  })

  it('reads an index once that is named ten thousand times on every level (R15)', async () => {
    let image: FixtureImage = imageOf(['x'])
    for (let level = 0; level < 3; level++) {
      const manifests = new Array(10_000).fill(image.descriptor)
      image = documentImage({ schemaVersion: 2, manifests }, mediaTypes.ociIndex, [], [image])
    }
    const world = await mirrored(image)
    const root = await inspectImage(await world.names.get(name), world.content)
    expect(those(root, () => true)).toHaveLength(1 + 3 * 10_000 + 2)
  })

  it('shows content below a manifest as selected even if the manifest was shown unselected before', async () => {
    const image = imageOf(['x'])
    const asArm = { ...image, descriptor: { ...image.descriptor, platform: parsePlatform('linux/arm64') } }
    const index = imageIndex([imageIndex([asArm]), imageIndex([image])])
    const world = await mirrored(index, amd64)
    const root = await inspectImage(await world.names.get(name), world.content)
    const selected = digestsOf(those(root, (node) => node.selected))
    expect(selected).toEqual(expect.arrayContaining(digestsOf(image.blobs.map((blob) => blob.descriptor))))
  })
})

describe('summarizeImage', () => {
  it('counts each digest of the selection once', async () => {
    const { index, amd64: one, arm64: other } = twoPlatforms()
    const world = await mirrored(index)
    const own = [blobAt(one, 0), blobAt(one, 1), blobAt(one, 2), blobAt(other, 0), blobAt(other, 2)]
    const size = bytesOf(index.descriptor, one.descriptor, other.descriptor, ...own)
    const platforms = ['linux/amd64', 'linux/arm64']
    expect(await summary(world)).toEqual({ size, platforms, missing: [], damaged: [] })
  })

  it('counts only the platforms that are selected', async () => {
    const { index, amd64: taken } = twoPlatforms()
    const world = await mirrored(index, amd64)
    const blobs = taken.blobs.map(({ descriptor }) => descriptor)
    const size = bytesOf(index.descriptor, taken.descriptor, ...blobs)
    expect(await summary(world)).toEqual({ size, platforms: ['linux/amd64'], missing: [], damaged: [] })
  })

  it('names a missing layer; the size is known', async () => {
    const image = imageOf(['x'])
    const world = await mirrored(image)
    await world.content.delete(blobAt(image, 1).digest)
    const size = bytesOf(image.descriptor, ...image.blobs.map(({ descriptor }) => descriptor))
    expect(await summary(world)).toMatchObject({ size, missing: [blobAt(image, 1).digest] })
  })

  it('has no size if a manifest is missing, and not its platform', async () => {
    const { index, arm64: gone } = twoPlatforms()
    const world = await mirrored(index)
    await world.content.delete(gone.descriptor.digest)
    expect(await summary(world)).toEqual({
      size: undefined,
      platforms: ['linux/amd64'],
      missing: [gone.descriptor.digest],
      damaged: [],
    })
  })

  it('has no size if a manifest cannot be read, and names it', async () => {
    const broken = documentImage('{', mediaTypes.ociManifest)
    const world = newWorld()
    world.remote.push(imageIndex([broken]), name)
    await world.mirror([name])
    const selection: Selection = 'all'
    const image = { name, desc: imageIndex([broken]).descriptor, selection }
    expect(await summarizeImage(image, world.content)).toMatchObject({
      size: undefined,
      damaged: [broken.descriptor.digest],
    })
  })

  it('does not report foreign layers that are not stored as missing (R2)', async () => {
    const foreign = fixtureBlob('windows', mediaTypes.dockerForeignLayerGzip)
    const world = await mirrored(manifestOf([foreign]))
    expect(await summary(world)).toMatchObject({ missing: [] })
  })
})
