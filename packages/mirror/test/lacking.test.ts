import type { FixtureImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { blobAt, imageOf, twoPlatforms } from './support/images.js'
import { newPushWorld } from './support/pushing.js'

const name = 'registry.test/a:1'
const sent = (world: ReturnType<typeof newPushWorld>, { digest }: { digest: string }) =>
  world.registry.received(`PUT m/a/blobs/${digest}`).length

describe('R33 a registry that lacks blobs after it has answered that it has them', () => {
  it('gets exactly these blobs once more', async () => {
    const world = newPushWorld()
    const image = imageOf(['x', 'y', 'z'])
    const lost = [blobAt(image, 1), blobAt(image, 3)]
    for (const { digest } of lost) world.registry.lost.add(digest)
    world.remote.push(image, name)
    const [outcome] = await world.mirror([name])
    expect(outcome).not.toHaveProperty('error')
    expect(await world.registry.image('m/a', '1')).toBe(image.descriptor.digest)
    for (const { descriptor } of image.blobs) expect(sent(world, descriptor)).toBe(1)
    expect(outcome?.fetched.objects).toBe(5)
  })

  it('gets the blobs of all its manifests at once', async () => {
    const world = newPushWorld()
    const { index, amd64, arm64 } = twoPlatforms()
    for (const image of [amd64, arm64]) world.registry.lost.add(blobAt(image, 0).digest)
    world.remote.push(index, name)
    expect((await world.mirror([name]))[0]).not.toHaveProperty('error')
    expect(await world.registry.image('m/a', '1')).toBe(index.descriptor.digest)
    expect(world.registry.received(`PUT m/a/manifests/${amd64.descriptor.digest}`)).toHaveLength(2)
  })

  it('gets all blobs of a manifest if it does not name them', async () => {
    const world = newPushWorld()
    world.registry.namesLacking = false
    const image = imageOf(['x', 'y'])
    world.registry.lost.add(blobAt(image, 1).digest)
    world.remote.push(image, name)
    expect((await world.mirror([name]))[0]).not.toHaveProperty('error')
    expect(world.registry.received('FORGET m/a/blobs/')).toHaveLength(image.blobs.length)
    expect(sent(world, blobAt(image, 1))).toBe(1)
  })

  it('gets blobs that it claimed to have mounted, and those that another image has sent', async () => {
    const world = newPushWorld()
    const [first, second] = [imageOf(['base', 'x']), imageOf(['base', 'y'])]
    world.remote.push(first, name)
    world.remote.push(second, 'registry.test/b:1')
    await world.mirror([name])
    const base = blobAt(first, 1)
    world.registry.lost.add(base.digest)
    expect((await world.mirror(['registry.test/b:1']))[0]).not.toHaveProperty('error')
    expect(await world.registry.image('m/b', '1')).toBe(second.descriptor.digest)
    expect(world.registry.received(`PUT m/b/blobs/${base.digest}`)).toHaveLength(1)
  })

  it('gets a lost manifest again, without its blobs', async () => {
    const world = newPushWorld()
    const { index, arm64 } = twoPlatforms()
    world.remote.push(index, name)
    const putIndex = 'PUT m/a/manifests/1'
    world.registry.onRequest = (request) => {
      if (request !== putIndex) return
      world.registry.onRequest = () => {}
      world.registry.repository('m/a').manifests.delete(arm64.descriptor.digest)
    }
    expect((await world.mirror([name]))[0]).not.toHaveProperty('error')
    expect(await world.registry.image('m/a', '1')).toBe(index.descriptor.digest)
    expect(world.registry.received(putIndex)).toHaveLength(2)
  })

  it('is named in the error, with the blobs, if it still lacks them', async () => {
    const world = newPushWorld()
    const image: FixtureImage = imageOf(['x', 'y'])
    const lost = blobAt(image, 1).digest
    world.remote.push(image, name)
    world.registry.onRequest = (request) => {
      if (request.startsWith('PUT m/a/manifests/')) void world.registry.repository('m/a').blobs.delete(lost)
    }
    const [outcome] = await world.mirror([name])
    expect(outcome?.error).toEqual(
      errorOf('MALFORMED', 'MANIFEST_BLOB_UNKNOWN', `it lacks ${lost}`, 'sent twice'),
    )
    expect(sent(world, { digest: lost })).toBe(2)
    expect(world.registry.received('PUT m/a/manifests/')).toHaveLength(2)
  })

  it('fails with the error of a blob that cannot be fetched again', async () => {
    const world = newPushWorld()
    const image = imageOf(['x', 'y'])
    const lost = blobAt(image, 1)
    world.registry.lost.add(lost.digest)
    world.remote.push(image, name)
    world.remote.forget(lost.digest)
    const [outcome] = await world.mirror([name])
    expect(outcome?.error).toMatchObject({ code: 'NOT_FOUND' })
    expect(await world.registry.image('m/a', '1')).toBeUndefined()
  })
})
