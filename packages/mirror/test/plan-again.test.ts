import { describe, expect, it } from 'vitest'
import { blobAt, imageOf, twoPlatforms } from './support/images.js'
import { amd64, arm64, newWorld, type World } from './support/world.js'

const name = 'registry.test/a:1'

async function mirrored(world: World, image = imageOf(['x'])) {
  world.remote.push(image, name)
  await world.mirror([name])
  world.remote.resolutions.length = 0
  world.remote.fetches.length = 0
  return image
}

describe('planImage of a published image', () => {
  it('costs one request and no fetch for an image that is up to date', async () => {
    const world = newWorld()
    await mirrored(world)
    const plan = await world.plan(name)
    expect(plan.upToDate).toBe(true)
    expect(world.remote.resolutions).toEqual([{ reference: name, intent: 'compare' }])
    expect(world.remote.fetches).toEqual([])
  })

  it('accepts a published single manifest for every platform', async () => {
    const world = newWorld()
    await mirrored(world)
    expect((await world.plan(name, { platforms: arm64 })).upToDate).toBe(true)
  })

  it('reads the manifest while resolving if nothing is published', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), name)
    await world.plan(name)
    expect(world.remote.resolutions).toEqual([{ reference: name, intent: 'manifest' }])
  })

  it('sends no request for a published digest', async () => {
    const world = newWorld()
    const { descriptor } = await mirrored(world)
    const both = `${name}@${descriptor.digest}`
    await world.mirror([both])
    world.remote.resolutions.length = 0
    for (const reference of [both, `registry.test/a@${descriptor.digest}`])
      expect((await world.plan(reference)).upToDate).toBe(true)
    expect(world.remote.resolutions).toEqual([])
  })

  it('resolves again if the tag is published with another digest than the requested one', async () => {
    const world = newWorld()
    await mirrored(world)
    const other = imageOf(['y'])
    world.remote.push(other, 'registry.test/a:2')
    const plan = await world.plan(`${name}@${other.descriptor.digest}`)
    expect(plan).toMatchObject({ upToDate: false, desc: { digest: other.descriptor.digest } })
  })

  it('keeps the root that was resolved before, even if the tag has moved, without a request', async () => {
    const world = newWorld()
    const first = imageOf(['x'])
    world.remote.push(first, name)
    const { desc } = await world.plan(name)
    world.remote.push(imageOf(['y']), name)
    world.remote.resolutions.length = 0
    const plan = await world.plan(name, { resolved: desc })
    expect(plan.desc.digest).toBe(first.descriptor.digest)
    expect(plan.missing.map(({ digest }) => digest)).toContain(blobAt(first, 1).digest)
    expect(world.remote.resolutions).toEqual([])
  })

  it('is not up to date while one of two names lacks a platform', async () => {
    const world = newWorld()
    const { index } = twoPlatforms()
    world.remote.push(index, name)
    await world.mirror([name], { platforms: 'all' })
    await world.mirror([`registry.test/a@${index.descriptor.digest}`], { platforms: arm64 })
    const plan = await world.plan(`${name}@${index.descriptor.digest}`, { platforms: amd64 })
    expect(plan.upToDate).toBe(false)
  })

  it('plans only what another selection of the same digest adds', async () => {
    const world = newWorld()
    const { index, arm64: added } = twoPlatforms()
    world.remote.push(index, name)
    await world.mirror([name], { platforms: amd64 })
    const plan = await world.plan(name, { platforms: arm64 })
    expect(plan.upToDate).toBe(false)
    expect(plan.fetched).toEqual([added.descriptor])
    expect(plan.missing).toEqual([blobAt(added, 0), blobAt(added, 2)])
  })

  it('plans content again that was deleted below a published name', async () => {
    const world = newWorld()
    const image = await mirrored(world)
    await world.content.delete(blobAt(image, 1).digest)
    const plan = await world.plan(name)
    expect(plan).toMatchObject({ upToDate: false, missing: [blobAt(image, 1)] })
  })

  it('fetches a manifest again that was deleted below a published name', async () => {
    const world = newWorld()
    const image = await mirrored(world)
    await world.content.delete(image.descriptor.digest)
    const plan = await world.plan(name)
    expect(plan).toMatchObject({
      upToDate: false,
      missing: [],
      fetched: [{ digest: image.descriptor.digest }],
    })
    expect(await world.has(image.descriptor)).toBe(true)
  })

  it('keeps the digest that was resolved first if the tag moves meanwhile (S17)', async () => {
    const world = newWorld()
    const { index, amd64: child } = twoPlatforms()
    world.remote.push(index, name)
    const gate = world.remote.hold(child.descriptor)
    const planning = world.plan(name)
    await gate.reached
    world.remote.push(imageOf(['moved']), name)
    gate.release()
    const plan = await planning
    expect(plan.desc.digest).toBe(index.descriptor.digest)
    expect(plan.missing).toHaveLength(5)
  })

  it('plans the new image after the tag has moved', async () => {
    const world = newWorld()
    await mirrored(world)
    const moved = imageOf(['moved'])
    world.remote.push(moved, name)
    const plan = await world.plan(name)
    expect(plan).toMatchObject({ upToDate: false, desc: { digest: moved.descriptor.digest } })
  })
})
