import type { Image } from '@dist/content'
import type { Plan, Target } from '@dist/mirror'
import { describe, expect, it } from 'vitest'
import { publishImage } from '../src/publish.js'
import { errorOf } from './support/errors.js'
import { blobAt, imageOf, twoPlatforms } from './support/images.js'
import { amd64, arm64, newWorld, type World } from './support/world.js'

const name = 'registry.test/a:1'

async function fill(world: World, plan: Plan): Promise<void> {
  for (const desc of plan.missing) await world.ingest(desc)
}

async function publishedIn({ names }: World): Promise<Image[]> {
  const images: Image[] = []
  for await (const image of names.list()) images.push(image)
  return images
}

describe('publishImage', () => {
  it('publishes a complete image', async () => {
    const world = newWorld()
    const { descriptor } = imageOf(['x'])
    world.remote.push(imageOf(['x']), name)
    const plan = await world.plan(name)
    await fill(world, plan)
    const { mediaType, digest, size } = descriptor
    const image = { name, desc: { mediaType, digest, size }, selection: 'all' }
    expect(await world.publish(plan)).toEqual([image])
    expect(await publishedIn(world)).toEqual([image])
  })

  it('publishes nothing if content is missing, and names it', async () => {
    const world = newWorld()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, name)
    const plan = await world.plan(name)
    await world.ingest(blobAt(image, 0))
    const publishing = world.publish(plan)
    await expect(publishing).rejects.toEqual(
      errorOf('UNAVAILABLE', name, blobAt(image, 1).digest, blobAt(image, 2).digest),
    )
    expect(await publishedIn(world)).toEqual([])
  })

  it('checks again for content that was deleted after planning', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    await world.mirror([name])
    const plan = await world.plan(name)
    await world.content.delete(image.descriptor.digest)
    await expect(world.publish(plan)).rejects.toEqual(errorOf('UNAVAILABLE', image.descriptor.digest))
  })

  it('names five missing digests, and counts the others', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['1', '2', '3', '4', '5', '6']), name)
    const plan = await world.plan(name)
    await expect(world.publish(plan)).rejects.toEqual(errorOf('UNAVAILABLE', 'and 2 more'))
  })

  it('publishes both names of a tag with a digest', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    const plan = await world.plan(`${name}@${image.descriptor.digest}`)
    await fill(world, plan)
    await world.publish(plan)
    const names = (await publishedIn(world)).map((published) => published.name)
    expect(names).toEqual([name, `registry.test/a@${image.descriptor.digest}`])
  })

  it('keeps the selection that was published for the same digest', async () => {
    const world = newWorld()
    world.remote.push(twoPlatforms().index, name)
    await world.mirror([name], { platforms: amd64 })
    await world.mirror([name], { platforms: arm64 })
    expect((await world.names.get(name)).selection).toEqual(['linux/amd64', 'linux/arm64'])
  })

  it('replaces the selection that was published for another digest', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), name)
    await world.mirror([name])
    world.remote.push(twoPlatforms().index, name)
    await world.mirror([name], { platforms: arm64 })
    expect((await world.names.get(name)).selection).toEqual(['linux/arm64'])
  })

  it('writes the name after everything below it (S16)', async () => {
    const world = newWorld()
    const { index } = twoPlatforms()
    world.remote.push(index, name)
    const steps: string[] = []
    const commit = world.driver.draft.bind(world.driver)
    world.driver.draft = async (ref, expected) => {
      const draft = await commit(ref, expected)
      const committed = async (...args: Parameters<typeof draft.commit>) => {
        const info = await draft.commit(...args)
        steps.push('content')
        return info
      }
      return { ...draft, commit: committed }
    }
    const put = world.names.put.bind(world.names)
    world.names.put = async (image) => {
      steps.push('name')
      await put(image)
    }
    await world.mirror([name])
    expect(steps).toEqual([...new Array(8).fill('content'), 'name'])
  })

  it('keeps the old image published if the new one cannot be completed (S16)', async () => {
    const world = newWorld()
    const old = imageOf(['old'])
    world.remote.push(old, name)
    await world.mirror([name])
    world.remote.push(imageOf(['new']), name)
    const plan = await world.plan(name)
    await expect(world.publish(plan)).rejects.toEqual(errorOf('UNAVAILABLE'))
    expect((await world.names.get(name)).desc.digest).toBe(old.descriptor.digest)
  })

  it('publishes to any target', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), name)
    const plan = await world.plan(name)
    const images: Image[] = []
    const target: Target = {
      ...world.target(plan.reference),
      missing: async () => [],
      publish: async (image) => {
        images.push(image)
        return image
      },
    }
    expect(await publishImage(plan, target)).toEqual(images)
  })
})
