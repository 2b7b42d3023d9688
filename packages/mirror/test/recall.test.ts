import { MemoryDriver, type Recalled } from '@dist/content'
import type { Digest } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { imageOf } from './support/images.js'
import { newWorld } from './support/world.js'

/** A driver that remembers what a test tells it, and counts the questions that cost a request. */
class RecallingDriver extends MemoryDriver {
  readonly remembered = new Map<Digest, Recalled>()
  readonly asked: Digest[] = []

  async recall(digest: Digest): Promise<Recalled | undefined> {
    return this.remembered.get(digest)
  }

  override async stat(digest: Digest) {
    this.asked.push(digest)
    return super.stat(digest)
  }
}

const name = 'registry.test/a:1'
const absent = { size: undefined }

function recallingWorld() {
  const driver = new RecallingDriver()
  const world = newWorld({ driver })
  const image = imageOf(['x', 'y'])
  world.remote.push(image, name)
  const digests = [image.descriptor, ...image.blobs.map(({ descriptor }) => descriptor)].map(
    (desc) => desc.digest,
  )
  return { driver, world, image, digests }
}

describe('remembered answers', () => {
  it('save the questions of a plan, and before a manifest is written', async () => {
    const { driver, world, image, digests } = recallingWorld()
    for (const digest of digests) driver.remembered.set(digest, absent)
    const { missing } = await world.plan(name)
    expect(missing).toHaveLength(image.blobs.length)
    expect(driver.asked).toEqual([])
  })

  it('that content is there save the questions of a publication', async () => {
    const { driver, world, digests } = recallingWorld()
    await world.mirror([name])
    for (const digest of digests)
      driver.remembered.set(digest, { size: (await world.content.info(digest)).size })
    driver.asked.length = 0
    await world.publish(await world.plan(name))
    expect(driver.asked).toEqual([])
  })

  it('that content is absent do not count where the image was planned before, or is published', async () => {
    const { driver, world, image, digests } = recallingWorld()
    await world.mirror([name])
    // Another process has brought what was missing when this one asked.
    for (const digest of digests) driver.remembered.set(digest, absent)
    const { fetches } = world.remote
    fetches.length = 0
    const plan = await world.plan(name, { resolved: image.descriptor })
    expect(plan).toMatchObject({ upToDate: true, missing: [], fetched: [] })
    expect(fetches).toEqual([])
    expect(await world.publish(plan)).toHaveLength(1)
  })

  it('of another size are not those of the content', async () => {
    const { driver, world, image } = recallingWorld()
    const [blob] = image.blobs
    if (blob === undefined) throw new Error('no blob')
    driver.remembered.set(blob.descriptor.digest, { size: blob.descriptor.size + 1 })
    const { missing } = await world.plan(name)
    expect(missing).toContainEqual(expect.objectContaining({ digest: blob.descriptor.digest }))
  })
})
