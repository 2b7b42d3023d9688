import { DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import {
  amd64Image,
  arm64Image,
  artifactOf,
  attestedIndex,
  imageIndex,
  indexImage,
  singleImage,
} from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { imageOf, World } from './support/world.js'

const name = 'example.com/app'
const [config, layer] = amd64Image.blobs.map(({ descriptor }) => descriptor.digest)
const hour = 3_600_000

async function found(world: World, digest: string | undefined): Promise<boolean> {
  return (await world.published.repository(name).find(digest as typeof config & string)) !== undefined
}

describe('what a repository serves', () => {
  it('is all that its images reach, found when it is asked for', async () => {
    const world = new World()
    await world.publish(`${name}:1`, indexImage)
    const repository = world.published.repository(name)
    expect(await repository.find(arm64Image.descriptor.digest)).toMatchObject({
      mediaType: arm64Image.descriptor.mediaType,
      size: arm64Image.descriptor.size,
    })
    expect(world.reads).toBe(1)
    expect(await repository.find(layer as never)).toEqual({ size: amd64Image.blobs[1]?.descriptor.size })
    expect(await found(world, config)).toBe(true)
    expect(world.reads).toBe(3)
  })

  it('W6 is nothing else, and guessing reads each manifest once', async () => {
    const world = new World()
    await world.publish(`${name}:1`, indexImage)
    await world.publish('example.com/other:1', singleImage)
    for (let i = 0; i < 20; i++) expect(await found(world, digestOf(`guess ${i}`))).toBe(false)
    expect(await found(world, singleImage.descriptor.digest)).toBe(false)
    expect(await found(world, singleImage.blobs[0]?.descriptor.digest)).toBe(false)
    expect(world.reads).toBe(3)
  })

  it('grows by what its names get, at once', async () => {
    const world = new World()
    await world.publish(`${name}:1`, arm64Image)
    expect(await found(world, layer)).toBe(true)
    expect(await found(world, config)).toBe(false)
    await world.publish(`${name}:2`, amd64Image)
    world.time += 200
    expect(await found(world, config)).toBe(true)
  })

  it('is found though its name came just after a scan', async () => {
    const world = new World()
    await world.publish(`${name}:1`, arm64Image)
    expect(await found(world, digestOf('a guess'))).toBe(false)
    await world.publish(`${name}:2`, amd64Image)
    world.time += 1
    expect(await found(world, config)).toBe(true)
  })

  it('keeps what a name had for 24 hours', async () => {
    const world = new World()
    await world.publish(`${name}:1`, amd64Image)
    expect(await found(world, config)).toBe(true)
    await world.publish(`${name}:1`, arm64Image)
    world.time += 30_000
    await world.published.repository(name).image(`${name}:1`)
    world.time += 24 * hour - 1
    expect(await found(world, config)).toBe(true)
    world.time += 1
    expect(await found(world, config)).toBe(false)
    expect(await found(world, arm64Image.descriptor.digest)).toBe(true)
  })

  it('keeps what a name had that was removed', async () => {
    const world = new World()
    await world.publish(`${name}:1`, amd64Image)
    expect(await found(world, config)).toBe(true)
    await world.names.delete(`${name}:1`)
    world.time += 30_000
    expect(await world.published.repository(name).image(`${name}:1`)).toBeUndefined()
    expect(await found(world, config)).toBe(true)
    world.time += 24 * hour
    expect(await found(world, config)).toBe(false)
  })

  it('leaves out the platforms that its image leaves out', async () => {
    const world = new World()
    await world.publish(`${name}:1`, indexImage, { selection: ['linux/arm64'] })
    expect(await found(world, amd64Image.descriptor.digest)).toBe(false)
    const repository = world.published.repository(name)
    expect(repository.leftOut(amd64Image.descriptor.digest)).toEqual({
      platform: 'linux/amd64',
      selection: ['linux/arm64'],
    })
    expect(await found(world, config)).toBe(false)
    await world.names.put(imageOf(`${name}:1`, indexImage))
    world.time += 200
    expect(await found(world, config)).toBe(true)
  })

  it('has attestations with the platforms that they attest', async () => {
    const world = new World()
    const index = attestedIndex()
    await world.publish(`${name}:1`, index, { selection: ['linux/amd64'] })
    for (const { descriptor } of index.children) expect(await found(world, descriptor.digest)).toBe(true)
  })

  it('does not end at a manifest that is damaged or missing', async () => {
    const world = new World()
    const index = imageIndex([amd64Image, arm64Image])
    await world.publish(`${name}:1`, index)
    await world.content.delete(amd64Image.descriptor.digest)
    expect(await found(world, arm64Image.blobs[2]?.descriptor.digest)).toBe(true)
    expect(await found(world, config)).toBe(false)
    expect(world.problems).toEqual([`${name}@${amd64Image.descriptor.digest}`])
  })

  it('does not end at a name whose document cannot be read', async () => {
    const world = new World()
    await world.publish(`${name}:1`, arm64Image)
    await world.publish(`${name}:2`, amd64Image)
    world.unreadable.add(`${name}:1`)
    expect(await found(world, config)).toBe(true)
    expect(world.problems).toEqual([`${name}:1`])
    await expect(world.published.repository(name).image(`${name}:1`)).rejects.toMatchObject({
      code: 'MALFORMED',
    })
  })

  it('is unknown while the store does not answer', async () => {
    const world = new World()
    await world.publish(`${name}:1`, amd64Image)
    world.failure = new DistError('UNAVAILABLE', 'away')
    await expect(found(world, config)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    world.failure = undefined
    expect(await found(world, config)).toBe(true)
  })
})

describe('the referrers of a digest', () => {
  const signature = artifactOf(indexImage, 'a signature')
  const manifests = [imageOf('', signature).desc]
  const digests = async (world: World, subject: string) =>
    (await world.published.repository(name).referrersOf(subject as typeof config & string)).map(
      (each) => each.digest,
    )

  it('are those that its images have recorded, and those that are published themselves', async () => {
    const world = new World()
    const other = artifactOf(indexImage, 'another one')
    await world.put(signature)
    const referrers = { types: 'all', askedAt: 0, manifests, tags: [] } as const
    await world.publish(`${name}:1`, indexImage, { referrers })
    await world.publish(`${name}:artifact`, other)
    const { digest } = indexImage.descriptor
    expect((await digests(world, digest)).sort()).toEqual(
      [signature, other].map(({ descriptor }) => descriptor.digest).sort(),
    )
    expect(await digests(world, amd64Image.descriptor.digest)).toEqual([])
    // The manifests of the platforms were not read.
    expect(world.reads).toBe(3)
    expect(await found(world, signature.blobs[1]?.descriptor.digest)).toBe(true)
  })

  it('that are found later are seen', async () => {
    const world = new World()
    await world.publish(`${name}:1`, indexImage)
    const { digest } = indexImage.descriptor
    expect(await digests(world, digest)).toEqual([])
    await world.put(signature)
    await world.names.put(
      imageOf(`${name}:1`, indexImage, 'all', {
        referrers: { types: 'all', askedAt: 1, manifests, tags: [] },
      }),
    )
    world.time += 1
    world.published.changed(`${name}:1`)
    world.time += 1
    expect(await digests(world, digest)).toEqual([signature.descriptor.digest])
  })
})
