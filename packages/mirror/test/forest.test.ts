import { MemoryDriver, MemoryNames } from '@dist/content'
import { isIndexType } from '@dist/oci'
import { type FixtureImage, imageIndex } from '@dist/testkit/fixtures'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failing, resetAfter, resetError, restarting } from './support/faults.js'
import { imageOf } from './support/images.js'
import { ScriptedRemote } from './support/remote.js'
import { newWorld, type World } from './support/world.js'

// Few different layers, so that most images share some.
const layers = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 4 })
const single = fc
  .tuple(layers, fc.constantFrom('linux/amd64', 'linux/arm64'))
  .map(([seeds, platform]) => imageOf(seeds, platform))
const index = fc.array(single, { minLength: 1, maxLength: 3 }).map((children) => imageIndex(children))
const nested = fc.array(fc.oneof(single, index), { minLength: 1, maxLength: 3 }).map((all) => imageIndex(all))
const forest = fc.array(fc.oneof(single, index, nested), { minLength: 1, maxLength: 6 })
const settings = { numRuns: 30 }

const namesOf = (images: readonly FixtureImage[]) => images.map((_, i) => `registry.test/image-${i}:1`)

function push(images: readonly FixtureImage[], remote: ScriptedRemote): string[] {
  const names = namesOf(images)
  for (const [i, image] of images.entries()) remote.push(image, names[i] ?? '')
  return names
}

/** Everything below an image, computed from the fixtures. */
function contentOf(image: FixtureImage): string[] {
  const blobs = image.blobs.map(({ descriptor }) => descriptor.digest)
  return [image.descriptor.digest, ...blobs, ...image.children.flatMap(contentOf)]
}

function blobsOf(image: FixtureImage): string[] {
  if (isIndexType(image.descriptor.mediaType)) return image.children.flatMap(blobsOf)
  return image.blobs.map(({ descriptor }) => descriptor.digest)
}

async function expectWhole(world: World, images: readonly FixtureImage[]): Promise<void> {
  const stored = new Set<string>()
  for await (const { digest } of world.content.walk()) stored.add(digest)
  for (const [i, name] of namesOf(images).entries()) {
    const { desc } = await world.names.get(name)
    expect(desc.digest).toBe(images[i]?.descriptor.digest)
    for (const digest of contentOf(images[i] as FixtureImage)) expect(stored).toContain(digest)
  }
}

function expectFetchedOnce(remote: ScriptedRemote, images: readonly FixtureImage[]): void {
  const blobs = new Set(images.flatMap(blobsOf))
  const fetched = remote.fetches.filter((digest) => blobs.has(digest))
  expect([...fetched].sort()).toEqual([...blobs].sort())
}

describe('mirrorImages, of any forest of images that share layers', () => {
  it('publishes every image complete and fetches every blob exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(forest, fc.integer({ min: 1, max: 4 }), async (images, transfers) => {
        const world = newWorld({ limits: { bytes: 4096, transfers } })
        const outcomes = await world.mirror(push(images, world.remote))
        expect(outcomes.filter((outcome) => 'error' in outcome)).toEqual([])
        await expectWhole(world, images)
        expectFetchedOnce(world.remote, images)
      }),
      settings,
    )
  })

  it('does so if two processes mirror them into one store at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(forest, async (images) => {
        const shared = { remote: new ScriptedRemote(), driver: new MemoryDriver(), names: new MemoryNames() }
        const names = push(images, shared.remote)
        const worlds = [newWorld(shared), newWorld(shared)] as const
        const outcomes = await Promise.all(worlds.map((world) => world.mirror(names)))
        expect(outcomes.flat().filter((outcome) => 'error' in outcome)).toEqual([])
        await expectWhole(worlds[0], images)
        expectFetchedOnce(shared.remote, images)
      }),
      { numRuns: 20 },
    )
  })

  it('has nothing to do the second time', async () => {
    await fc.assert(
      fc.asyncProperty(forest, async (images) => {
        const world = newWorld()
        const names = push(images, world.remote)
        await world.mirror(names)
        world.remote.fetches.length = 0
        const outcomes = await world.mirror(names)
        expect(outcomes.every(({ upToDate }) => upToDate)).toBe(true)
        expect(world.remote.fetches).toEqual([])
      }),
      settings,
    )
  })

  it('publishes them complete despite temporary faults of their blobs', async () => {
    const fault = fc.constantFrom(resetAfter(0), resetAfter(700), restarting, failing(resetError()))
    const faults = fc.array(fc.array(fault, { maxLength: 3 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(forest, faults, async (images, scripts) => {
        const world = newWorld()
        const names = push(images, world.remote)
        const blobs = [...new Set(images.flatMap(blobsOf))]
        for (const [i, digest] of blobs.entries()) world.remote.script({ digest }, ...(scripts[i] ?? []))
        const outcomes = await world.mirror(names)
        expect(outcomes.filter((outcome) => 'error' in outcome)).toEqual([])
        await expectWhole(world, images)
      }),
      settings,
    )
  })

  it('publishes exactly the images whose blobs can be fetched', async () => {
    await fc.assert(
      fc.asyncProperty(forest, fc.nat(), async (images, pick) => {
        const world = newWorld()
        const names = push(images, world.remote)
        const blobs = [...new Set(images.flatMap(blobsOf))]
        const lost = blobs[pick % blobs.length] ?? ''
        world.remote.forget(lost)
        const outcomes = await world.mirror(names)
        const failed = outcomes.map((outcome) => 'error' in outcome)
        expect(failed).toEqual(images.map((image) => blobsOf(image).includes(lost)))
        const published: string[] = []
        for await (const { name } of world.names.list()) published.push(name)
        expect(published.sort()).toEqual(names.filter((_, i) => !failed[i]).sort())
      }),
      settings,
    )
  })
})
