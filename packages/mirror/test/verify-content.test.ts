import { setImmediate } from 'node:timers/promises'
import { DistError } from '@dist/errdefs'
import { type VerifyEvent, type VerifyOptions, verifyContent } from '@dist/mirror'
import { type Digest, mediaTypes } from '@dist/oci'
import { allContent, type FixtureImage, fixtureBlob } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { contentToVerify } from '../src/verify-content.js'
import { diskError, FaultyDriver, serverError } from './support/faulty.js'
import { blobAt, imageOf, manifestOf, twoPlatforms } from './support/images.js'
import { amd64, newWorld } from './support/world.js'

const [a, b, c] = ['registry.test/a:1', 'registry.test/b:1', 'registry.test/c:1'] as const

/** A world with these images in its store, named a, b, c. */
async function worldOf(...images: FixtureImage[]) {
  const driver = new FaultyDriver()
  const world = newWorld({ driver })
  const names = [a, b, c].slice(0, images.length)
  for (const [i, name] of names.entries()) world.remote.push(images[i] ?? imageOf([]), name)
  await world.mirror(names)
  driver.reads.length = 0
  driver.stats.length = 0
  return { ...world, driver, verify: (options?: VerifyOptions) => verifyContent(world, options) }
}

async function store(world: Awaited<ReturnType<typeof worldOf>>, text: string): Promise<Digest> {
  await using writer = await world.content.writer(text, {})
  await writer.write(Buffer.from(text))
  return (await writer.commit()).digest
}

const shared = imageOf(['shared', 'x'])
const sharing = imageOf(['shared', 'y'])
const sharedDigest = blobAt(shared, 1).digest
const contentOf = (...images: FixtureImage[]) =>
  new Map(images.flatMap(allContent).map(({ descriptor }) => [descriptor.digest, descriptor.size]))
const sum = (sizes: ReadonlyMap<unknown, number>) => [...sizes.values()].reduce((x, y) => x + y, 0)

describe('verifyContent', () => {
  it('finds a complete store right, and reads each digest once', async () => {
    const world = await worldOf(shared, sharing)
    const digest = await store(world, 'unneeded')
    const all = contentOf(shared, sharing)
    world.driver.stats.length = 0
    const outcome = await world.verify()
    expect(outcome).toEqual({ objects: all.size + 1, bytes: sum(all) + 'unneeded'.length, bad: [] })
    const blobs = [...all.keys()].filter((key) => ![shared, sharing].some((i) => i.descriptor.digest === key))
    for (const each of [...blobs, digest])
      expect(world.driver.reads.filter((read) => read === each)).toHaveLength(1)
    expect(world.driver.stats).toEqual([])
  })

  it('names every image that a flipped byte affects, and no other (S20)', async () => {
    const world = await worldOf(shared, imageOf(['z']), sharing)
    world.driver.damages.set(sharedDigest, 'flipped')
    const { bad } = await world.verify()
    expect(bad).toEqual([
      {
        digest: sharedDigest,
        found: { state: 'damaged', size: expect.any(Number), digest: expect.stringMatching(/^sha256:/) },
        size: blobAt(shared, 1).size,
        images: [a, c],
      },
    ])
  })

  it('names all images of the store even if only one is verified', async () => {
    const world = await worldOf(shared, sharing)
    world.driver.damages.set(sharedDigest, 'short')
    const own = blobAt(sharing, 2).digest
    world.driver.damages.set(own, 'short')
    const { objects, bad } = await world.verify({ images: [await world.names.get(a)] })
    expect(objects).toBe(contentOf(shared).size)
    expect(bad).toMatchObject([{ digest: sharedDigest, images: [a, b] }])
    expect(world.driver.reads).not.toContain(own)
  })

  it('leaves out content that the selection does not take', async () => {
    const { index, amd64: taken, arm64: left } = twoPlatforms()
    const world = newWorld()
    world.remote.push(index, a)
    await world.mirror([a], { platforms: amd64 })
    const { objects, bad } = await verifyContent(world)
    expect({ objects, bad }).toEqual({ objects: contentOf(taken).size + 1, bad: [] })
    expect([...(await contentToVerify(world)).keys()]).not.toContain(left.descriptor.digest)
  })

  it('reports content that an image needs and the store lacks', async () => {
    const world = await worldOf(shared, sharing)
    await world.content.delete(sharedDigest)
    const missing = { digest: sharedDigest, found: { state: 'missing' }, images: [a, b] }
    expect((await world.verify()).bad).toMatchObject([missing])
    expect((await world.verify({ images: [await world.names.get(b)] })).bad).toMatchObject([missing])
  })

  it('names the images of a damaged manifest, and verifies stored content below it', async () => {
    const { index, amd64: child } = twoPlatforms()
    const world = await worldOf(index, child, imageOf(['z']))
    world.driver.damages.set(child.descriptor.digest, 'flipped')
    world.driver.damages.set(blobAt(child, 1).digest, 'flipped')
    const { bad } = await world.verify()
    // The children of a damaged manifest are unknown: only the other platform needs the shared layer.
    expect(bad.map(({ digest, images }) => [digest, images]).sort()).toEqual(
      [
        [child.descriptor.digest, [a, b]],
        [blobAt(child, 1).digest, [a]],
      ].sort(),
    )
  })

  it('names the images of a manifest that the disk fails to read', async () => {
    const world = await worldOf(shared, sharing)
    world.driver.damages.set(shared.descriptor.digest, diskError())
    const { bad } = await world.verify()
    expect(bad).toMatchObject([
      { digest: shared.descriptor.digest, found: { state: 'unreadable', code: 'INTERNAL' }, images: [a] },
    ])
  })

  it('reports damaged content that no image needs', async () => {
    const world = await worldOf(shared)
    const digest = await store(world, 'unneeded')
    world.driver.damages.set(digest, 'flipped')
    const { bad } = await world.verify()
    expect(bad).toEqual([{ digest, found: expect.objectContaining({ state: 'damaged' }), images: [] }])
  })

  it('does not report content that is deleted meanwhile', async () => {
    const world = await worldOf(shared)
    const digest = await store(world, 'on its way out')
    world.driver.onRead = async (read) => {
      if (read === digest) await world.driver.delete(digest)
    }
    const outcome = await world.verify()
    expect(outcome).toMatchObject({ objects: contentOf(shared).size, bad: [] })
  })

  it('does not report missing foreign layers, and verifies stored ones (R2)', async () => {
    const foreign = fixtureBlob('windows', mediaTypes.dockerForeignLayerGzip)
    const world = await worldOf(manifestOf([foreign]))
    const images = [await world.names.get(a)]
    expect([(await world.verify()).bad, (await world.verify({ images })).bad]).toEqual([[], []])
    const digest = await store(world, 'windows')
    world.driver.damages.set(digest, 'flipped')
    expect((await world.verify({ images })).bad).toMatchObject([{ digest, images: [a] }])
  })

  it('reports the content to verify, the progress and each state', async () => {
    const world = await worldOf(shared)
    const events: VerifyEvent[] = []
    await world.verify({ onEvent: (event) => events.push(event) })
    const all = contentOf(shared)
    expect(events[0]).toEqual({ type: 'planned', content: all })
    for (const [digest, size] of all) {
      expect(events).toContainEqual({ type: 'reading', digest, offset: size })
      expect(events).toContainEqual({ type: 'verified', digest, found: { state: 'right', size } })
    }
  })

  it('verifies no more blobs at the same time than the concurrency', async () => {
    const world = await worldOf(imageOf([...'abcdefghij']))
    let running = 0
    let most = 0
    const verify = async () => {
      most = Math.max(most, ++running)
      await setImmediate()
      running--
      return { state: 'right' as const, size: 1 }
    }
    expect(await world.verify({ concurrency: 3, verify })).toMatchObject({ objects: 12, bytes: 12 })
    expect(most).toBe(3)
  })
})

describe('verifyContent that stops early', () => {
  it('reports what it has found before the signal', async () => {
    const world = await worldOf(shared)
    world.driver.damages.set(sharedDigest, 'flipped')
    const controller = new AbortController()
    const { signal } = controller
    const onEvent = (event: VerifyEvent) => {
      if (event.type === 'verified' && event.digest === sharedDigest) controller.abort()
    }
    const outcome = await world.verify({ concurrency: 1, signal, onEvent })
    expect(outcome.stopped).toMatchObject({ code: 'CANCELED' })
    expect(outcome.bad).toEqual([
      { digest: sharedDigest, found: expect.objectContaining({ state: 'damaged' }) },
    ])
    expect(outcome.objects).toBeLessThan(contentOf(shared).size)
  })

  it('stops at an outage of the store, and reports no content as bad for it', async () => {
    const world = await worldOf(imageOf([...Array(40).keys()].map(String)))
    for (const digest of (await contentToVerify(world)).keys())
      world.driver.damages.set(digest, serverError())
    world.driver.reads.length = 0
    const outcome = await world.verify({ concurrency: 1 })
    expect(outcome).toMatchObject({ objects: 0, bad: [], stopped: { code: 'UNAVAILABLE' } })
    expect(world.driver.reads.length).toBeLessThan(20)
  })

  it('continues after single objects that a store fails to read', async () => {
    const image = imageOf([...Array(40).keys()].map(String))
    const world = await worldOf(image)
    for (const { descriptor } of image.blobs.slice(1, 13))
      world.driver.damages.set(descriptor.digest, serverError())
    const { objects, bad, stopped } = await world.verify({ concurrency: 1 })
    expect({ objects, stopped }).toEqual({ objects: contentOf(image).size, stopped: undefined })
    expect(bad).toHaveLength(12)
    expect(bad[0]).toMatchObject({ found: { code: 'UNAVAILABLE' }, images: [a] })
  })

  it('continues on a disk that fails everywhere', async () => {
    const image = imageOf([...Array(40).keys()].map(String))
    const world = await worldOf(image)
    for (const { descriptor } of image.blobs) world.driver.damages.set(descriptor.digest, diskError())
    expect((await world.verify()).bad).toHaveLength(image.blobs.length)
  })

  it('reports what it has found if the images can no longer be listed', async () => {
    const world = await worldOf(shared)
    world.driver.damages.set(sharedDigest, 'flipped')
    const list = world.names.list.bind(world.names)
    let listed = 0
    world.names.list = () => {
      if (++listed > 1) throw new DistError('UNAVAILABLE', 'the names cannot be listed')
      return list()
    }
    const outcome = await world.verify()
    expect(outcome).toMatchObject({ bad: [{ digest: sharedDigest }], stopped: { code: 'UNAVAILABLE' } })
    expect(outcome.bad[0]).not.toHaveProperty('images')
  })

  it('throws if the store cannot list its content', async () => {
    const world = await worldOf(shared)
    world.driver.walk = () => {
      throw new DistError('PERMISSION_DENIED', 'no listing')
    }
    await expect(world.verify()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })
})
