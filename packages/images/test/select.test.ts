import { createStore, MemoryDriver } from '@dist/content'
import { selectManifest } from '@dist/images'
import { type Descriptor, mediaTypes, parsePlatform } from '@dist/oci'
import { allContent, type FixtureImage, imageIndex, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'

const linux = (architecture: string) => parsePlatform(`linux/${architecture}`)
const imageFor = (architecture: string, seed = architecture) =>
  ociImage({ layers: [seededLayer(seed, 100)], platform: linux(architecture) })

/** An image whose entry in the index has another platform, or none. */
function listedAs(image: FixtureImage, platform: Descriptor['platform']): FixtureImage {
  const { platform: _, ...bare } = image.descriptor
  return { ...image, descriptor: { ...bare, ...(platform === undefined ? {} : { platform }) } }
}

async function select(
  image: FixtureImage,
  architecture: string,
  { without }: { without?: string | undefined } = {},
): Promise<string> {
  const content = createStore(new MemoryDriver())
  for (const { descriptor, open } of allContent(image)) {
    if (descriptor.digest === without) continue
    await using writer = await content.writer(descriptor.digest, descriptor)
    for (const chunk of open()) await writer.write(chunk)
    await writer.commit()
  }
  const found = await selectManifest(image.descriptor, linux(architecture), content, { name: 'app:1' })
  return found.digest
}

describe('selectManifest', () => {
  it('takes a single manifest as it is, without reading it', async () => {
    const image = imageFor('amd64')
    const { digest } = image.descriptor
    expect(await select(image, 'arm64', { without: digest })).toBe(digest)
  })

  it('takes the first one for the platform, and reads no manifest of another', async () => {
    const [first, second, other] = [imageFor('amd64', 'a'), imageFor('amd64', 'b'), imageFor('arm64')]
    const index = imageIndex([other, first, second])
    expect(await select(index, 'amd64', { without: other.descriptor.digest })).toBe(first.descriptor.digest)
  })

  it('accepts each spelling of a platform', async () => {
    const image = imageFor('arm/v7')
    expect(await select(imageIndex([image]), 'arm')).toBe(image.descriptor.digest)
  })

  it('searches nested indexes, with and without a platform', async () => {
    const image = imageFor('arm64')
    const nested = imageIndex([imageFor('amd64', 'x'), image])
    expect(await select(imageIndex([imageFor('s390x'), nested]), 'arm64')).toBe(image.descriptor.digest)
    const named = listedAs(nested, linux('arm64'))
    expect(await select(imageIndex([named]), 'arm64')).toBe(image.descriptor.digest)
  })

  it('prefers a manifest of the index itself', async () => {
    const [inner, outer] = [imageFor('amd64', 'inner'), imageFor('amd64', 'outer')]
    expect(await select(imageIndex([imageIndex([inner]), outer]), 'amd64')).toBe(outer.descriptor.digest)
  })

  it('ignores attestations', async () => {
    const image = imageFor('amd64')
    const attestation = listedAs(imageFor('amd64', 'attestation'), { os: 'unknown', architecture: 'unknown' })
    expect(await select(imageIndex([attestation, image]), 'amd64')).toBe(image.descriptor.digest)
  })

  it('names the platforms of an index that lacks the requested one', async () => {
    const index = imageIndex([imageFor('s390x'), imageIndex([imageFor('arm64')])])
    await expect(select(index, 'amd64')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'app:1: no manifest for linux/amd64; the index has linux/arm64, linux/s390x',
    })
  })

  it('reads the config of a manifest without a platform in the index', async () => {
    const [other, image] = [listedAs(imageFor('arm64'), undefined), listedAs(imageFor('amd64'), undefined)]
    expect(await select(imageIndex([other, image]), 'amd64')).toBe(image.descriptor.digest)
    await expect(select(imageIndex([other]), 'amd64')).rejects.toMatchObject({
      message: 'app:1: no manifest for linux/amd64; the index has linux/arm64',
    })
  })

  it('ignores nested indexes that are not stored', async () => {
    const absent = imageIndex([imageFor('amd64', 'absent')])
    const image = imageFor('amd64')
    const index = imageIndex([absent, image])
    const { digest } = absent.descriptor
    expect(await select(index, 'amd64', { without: digest })).toBe(image.descriptor.digest)
  })

  it('reports an index without platforms', async () => {
    const image = imageFor('amd64')
    const index = imageIndex([listedAs(image, undefined)])
    await expect(
      select(index, 'amd64', { without: image.blobs[0]?.descriptor.digest }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'app:1: no manifest for linux/amd64; the index names no platform',
    })
  })

  it('throws for indexes that nest too deep, each for the platform (R15)', async () => {
    let index = imageIndex([imageFor('amd64')])
    for (let depth = 0; depth < 12; depth++) index = imageIndex([listedAs(index, linux('amd64'))])
    expect(index.descriptor.mediaType).toBe(mediaTypes.ociIndex)
    await expect(select(index, 'amd64')).rejects.toMatchObject({ code: 'MALFORMED' })
  })
})
