import { readContent } from '@dist/content'
import { parsePlatform } from '@dist/oci'
import { type FixtureImage, imageIndex } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { digestsOf, imageOf, twoPlatforms } from './support/images.js'
import { amd64, arm64, newWorld } from './support/world.js'

const name = 'registry.test/a:1'

/** An attestation of BuildKit for an image. */
function attestationOf(subject: FixtureImage): FixtureImage {
  const attestation = imageOf([`about ${subject.descriptor.digest}`], 'unknown/unknown')
  const annotations = { 'vnd.docker.reference.digest': subject.descriptor.digest }
  return { ...attestation, descriptor: { ...attestation.descriptor, annotations } }
}

describe('planImage with a selection of platforms', () => {
  it('takes only the requested platforms of an index', async () => {
    const world = newWorld()
    const { index, amd64: taken, arm64: left } = twoPlatforms()
    world.remote.push(index, name)
    const plan = await world.plan(name, { platforms: amd64 })
    const wanted = [index.descriptor, taken.descriptor, ...taken.blobs.map((blob) => blob.descriptor)]
    expect(digestsOf(plan.objects)).toEqual(digestsOf(wanted))
    expect(plan.selection).toEqual(['linux/amd64'])
    expect(world.remote.fetchesOf(left.descriptor)).toBe(0)
  })

  it('keeps the index byte for byte', async () => {
    const world = newWorld()
    const { index } = twoPlatforms()
    world.remote.push(index, name)
    await world.plan(name, { platforms: amd64 })
    const stored = await readContent(world.content, index.descriptor, 10_000)
    expect(Buffer.compare(stored, index.content)).toBe(0)
  })

  it('takes the attestations of the requested platforms, and no others', async () => {
    const world = newWorld()
    const { amd64: taken, arm64: left } = twoPlatforms()
    const [kept, dropped] = [attestationOf(taken), attestationOf(left)]
    world.remote.push(imageIndex([taken, left, kept, dropped]), name)
    const planned = digestsOf((await world.plan(name, { platforms: amd64 })).objects)
    expect(planned).toEqual(expect.arrayContaining(digestsOf(kept.blobs.map((blob) => blob.descriptor))))
    expect(planned).not.toContain(dropped.descriptor.digest)
  })

  it('finds platforms in nested indexes', async () => {
    const world = newWorld()
    const { index, arm64: taken, amd64: left } = twoPlatforms()
    world.remote.push(imageIndex([index]), name)
    const planned = digestsOf((await world.plan(name, { platforms: arm64 })).objects)
    expect(planned).toContain(taken.descriptor.digest)
    expect(planned).not.toContain(left.descriptor.digest)
  })

  it.each([
    ['an index', () => twoPlatforms().index],
    ['a nested index', () => imageIndex([twoPlatforms().index])],
  ])('names the platforms of %s if it lacks the requested one', async (_, build) => {
    const world = newWorld()
    world.remote.push(build(), name)
    const plan = world.plan(name, { platforms: [parsePlatform('linux/s390x')] })
    await expect(plan).rejects.toEqual(errorOf('NOT_FOUND', 'linux/s390x', 'linux/amd64, linux/arm64'))
  })

  it('takes a single manifest for any requested platform, as the whole image', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), name)
    const plan = await world.plan(name, { platforms: arm64 })
    expect(plan.missing).toHaveLength(2)
    expect(plan.selection).toBe('all')
  })

  it('takes a manifest without a platform for every platform', async () => {
    const world = newWorld()
    const { descriptor, ...image } = imageOf(['x'])
    const { platform: _, ...unnamed } = descriptor
    world.remote.push(imageIndex([{ ...image, descriptor: unnamed }, imageOf(['other'])]), name)
    expect((await world.plan(name, { platforms: arm64 })).missing).toHaveLength(2)
  })
})
