import { setImmediate } from 'node:timers/promises'
import { DistError } from '@dist/errdefs'
import { deleteContent } from '@dist/mirror'
import { type Digest, digestOf, mediaTypes } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { diskError, FaultyDriver, serverError } from './support/faulty.js'
import { blobAt, documentImage, imageOf, twoPlatforms } from './support/images.js'
import { amd64, newWorld, type World } from './support/world.js'

const [a, b] = ['registry.test/a:1', 'registry.test/b:1'] as const

const remove = (world: World, ...digests: Digest[]) =>
  deleteContent(digests, world.content, world.names, { force: true })
const removeGently = (world: World, ...digests: Digest[]) =>
  deleteContent(digests, world.content, world.names)

async function namesIn(world: World): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of world.names.list()) found.push(name)
  return found
}

describe('deleteContent', () => {
  it('deletes content that no name needs', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    await world.plan(a)
    const { digest } = image.descriptor
    expect(await remove(world, digest)).toEqual({
      deleted: [digest],
      missing: [],
      refused: [],
      unpublished: [],
    })
    expect(await world.has(image.descriptor)).toBe(false)
  })

  it('reports missing content', async () => {
    const digest = digestOf('nowhere')
    expect(await remove(newWorld(), digest)).toEqual({
      deleted: [],
      missing: [digest],
      refused: [],
      unpublished: [],
    })
  })

  it('deletes a digest that is given twice once', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), a)
    await world.mirror([a])
    const { digest } = blobAt(imageOf(['x']), 1)
    expect(await remove(world, digest, digest)).toMatchObject({ deleted: [digest], missing: [] })
  })

  it('refuses content that images need, names them, and deletes the rest', async () => {
    const world = newWorld()
    const loose = imageOf(['loose'])
    world.remote.push(imageOf(['shared', 'x']), a)
    world.remote.push(imageOf(['shared', 'y']), b)
    world.remote.push(loose, 'registry.test/c:1')
    await world.mirror([a, b])
    await world.plan('registry.test/c:1')
    const { digest } = blobAt(imageOf(['shared']), 1)
    expect(await removeGently(world, digest, loose.descriptor.digest)).toEqual({
      deleted: [loose.descriptor.digest],
      missing: [],
      refused: [{ digest, images: [a, b] }],
      unpublished: [],
    })
    expect(await namesIn(world)).toEqual([a, b])
    expect(await world.has(blobAt(imageOf(['shared']), 1))).toBe(true)
  })

  it('refuses a layer that an image needs through a manifest that is to be deleted, too', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    await world.mirror([a])
    const { deleted, refused } = await removeGently(world, image.descriptor.digest, blobAt(image, 1).digest)
    expect(deleted).toEqual([])
    expect(refused.map(({ images }) => images)).toEqual([[a], [a]])
  })

  it('deletes nothing if the children of a manifest to delete are unknown', async () => {
    const driver = new FaultyDriver()
    const world = newWorld({ driver })
    const image = imageOf(['x'])
    world.remote.push(image, a)
    await world.mirror([a])
    const { digest } = image.descriptor
    driver.damages.set(digest, serverError())
    expect(await removeGently(world, digest)).toMatchObject({ refused: [{ digest, images: [a] }] })
    await expect(removeGently(world, digest, blobAt(image, 1).digest)).rejects.toEqual(errorOf('UNAVAILABLE'))
    expect(await world.has(blobAt(image, 1))).toBe(true)
  })

  it('removes the names that need the content first', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    await world.mirror([a])
    const drop = world.driver.delete.bind(world.driver)
    world.driver.delete = async (digest) => {
      expect(await namesIn(world)).toEqual([])
      return drop(digest)
    }
    expect((await remove(world, blobAt(image, 1).digest)).unpublished).toEqual([a])
  })

  it('removes the names of all images that share a layer, and no other (S19)', async () => {
    const world = newWorld()
    const other = 'registry.test/c:1'
    world.remote.push(imageOf(['shared', 'x']), a)
    world.remote.push(imageOf(['shared', 'y']), b)
    world.remote.push(imageOf(['z']), other)
    await world.mirror([a, b, other])
    const { unpublished } = await remove(world, blobAt(imageOf(['shared']), 1).digest)
    expect([...unpublished].sort()).toEqual([a, b])
    expect(await namesIn(world)).toEqual([other])
  })

  it('keeps an image complete if another one loses a layer of its own (S19)', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['shared', 'x']), a)
    world.remote.push(imageOf(['shared', 'y']), b)
    await world.mirror([a, b])
    await remove(world, blobAt(imageOf(['shared', 'x']), 2).digest)
    expect(await namesIn(world)).toEqual([b])
    expect((await world.plan(b)).upToDate).toBe(true)
  })

  it('keeps the name of an image whose selection does not need the content', async () => {
    const world = newWorld()
    const { index, arm64 } = twoPlatforms()
    world.remote.push(index, a)
    world.remote.push(arm64, b)
    await world.mirror([a], { platforms: amd64 })
    await world.mirror([b])
    const { unpublished } = await remove(world, arm64.descriptor.digest)
    expect(unpublished).toEqual([b])
  })

  it('deletes a manifest that cannot be read', async () => {
    const world = newWorld()
    const { descriptor, content } = documentImage('{', mediaTypes.ociManifest)
    await using writer = await world.content.writer('broken', descriptor)
    await writer.write(Buffer.from(content))
    await writer.commit()
    await world.names.put({ name: a, desc: descriptor, selection: 'all' })
    const { digest } = descriptor
    expect(await remove(world, digest)).toEqual({
      deleted: [digest],
      missing: [],
      refused: [],
      unpublished: [a],
    })
  })

  it('reports a name that another process removes at the same time as removed', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    await world.mirror([a])
    const drop = world.names.delete.bind(world.names)
    world.names.delete = async (name) => {
      await drop(name)
      await drop(name)
    }
    const { digest } = image.descriptor
    expect(await remove(world, digest)).toMatchObject({ deleted: [digest], unpublished: [a] })
  })

  it('deletes nothing if a name cannot be removed', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    await world.mirror([a])
    world.names.delete = () => Promise.reject(new DistError('RESOURCE_EXHAUSTED', 'the disk is full'))
    await expect(remove(world, image.descriptor.digest)).rejects.toEqual(errorOf('RESOURCE_EXHAUSTED'))
    expect(await world.has(image.descriptor)).toBe(true)
  })

  it('deletes a manifest that the disk fails to read', async () => {
    const driver = new FaultyDriver()
    const world = newWorld({ driver })
    const image = imageOf(['x'])
    world.remote.push(image, a)
    await world.mirror([a])
    const { digest } = image.descriptor
    driver.damages.set(digest, diskError())
    expect(await remove(world, digest)).toEqual({
      deleted: [digest],
      missing: [],
      refused: [],
      unpublished: [a],
    })
  })

  it('deletes nothing if a manifest of an image cannot be read', async () => {
    const driver = new FaultyDriver()
    const world = newWorld({ driver })
    const image = imageOf(['x'])
    world.remote.push(image, a)
    await world.mirror([a])
    driver.damages.set(image.descriptor.digest, serverError())
    const { digest } = blobAt(image, 1)
    await expect(remove(world, digest)).rejects.toEqual(errorOf('UNAVAILABLE'))
    expect(await namesIn(world)).toEqual([a])
    expect(await world.has(blobAt(image, 1))).toBe(true)
  })

  it('walks a limited number of images at the same time, and reads only manifests', async () => {
    const driver = new FaultyDriver()
    const world = newWorld({ driver })
    const names = [...Array(40).keys()].map((i) => `registry.test/many/${i}:1`)
    for (const name of names) world.remote.push(imageOf([name]), name)
    await world.mirror(names)
    driver.stats.length = 0
    driver.reads.length = 0
    let running = 0
    let most = 0
    driver.onRead = async () => {
      most = Math.max(most, ++running)
      await setImmediate()
      running--
    }
    const { digest } = blobAt(imageOf([names[7] ?? '']), 1)
    expect((await remove(world, digest)).unpublished).toEqual([names[7]])
    expect(most).toBe(16)
    expect([driver.stats.length, driver.reads.length]).toEqual([0, 40])
  })

  it('reports in the order of the request', async () => {
    const world = newWorld()
    const image = imageOf(['x', 'y', 'z'])
    world.remote.push(image, a)
    await world.mirror([a])
    const [x, y, z] = [blobAt(image, 1).digest, blobAt(image, 2).digest, blobAt(image, 3).digest]
    const [no, none] = [digestOf('no'), digestOf('none')]
    const { deleted, missing } = await remove(world, z, none, x, no, y)
    expect({ deleted, missing }).toEqual({ deleted: [z, x, y], missing: [none, no] })
  })
})
