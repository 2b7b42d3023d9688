import { summarizeImage } from '@dist/mirror'
import { bareDescriptor } from '@dist/oci'
import { type FixtureImage, imageIndex, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { importEntries, layoutOf } from './support/archives.js'
import { errorOf } from './support/errors.js'
import { digestsOf, TestStore } from './support/store.js'

const linux = (architecture: string) => ({ os: 'linux', architecture })
const layer = seededLayer('layer', 2000)
const amd64 = ociImage({ layers: [layer] })
const arm64 = ociImage({ layers: [seededLayer('arm64', 2000)], platform: linux('arm64') })

/** An attestation of BuildKit for an image. */
function attestationOf({ descriptor }: FixtureImage): FixtureImage {
  const statement = ociImage({ layers: [seededLayer(`about ${descriptor.digest}`, 100)] })
  const platform = { os: 'unknown', architecture: 'unknown' }
  const annotations = { 'vnd.docker.reference.digest': descriptor.digest }
  return { ...statement, descriptor: { ...statement.descriptor, platform, annotations } }
}
const [aboutAmd64, aboutArm64] = [attestationOf(amd64), attestationOf(arm64)]
/** An index as in registries: all platforms, each with its attestation. */
const index = imageIndex([amd64, arm64, aboutAmd64, aboutArm64])
const name = 'docker.io/library/app:1'
const digests = (...images: FixtureImage[]) => digestsOf(...images)
/** Everything below a manifest, without the manifest. */
const below = (image: FixtureImage) => digests(image).filter((digest) => digest !== image.descriptor.digest)

describe('A1 an index of all platforms, with content of one,', () => {
  it.each([
    ['whole, attestation included', [], [aboutAmd64]],
    ['without its attestation', digests(aboutAmd64), []],
    ['with an attestation that lacks its content', below(aboutAmd64), []],
    ['with an attestation that lacks a part of it', below(aboutAmd64).slice(0, 1), []],
  ])('is imported, and kept byte for byte: %s', async (_, lacking, attestations) => {
    const store = new TestStore()
    const without = [...digests(arm64, aboutArm64), ...lacking]
    const { images } = await importEntries(layoutOf(index, name, without), store)
    const image = { name, desc: bareDescriptor(index.descriptor), selection: ['linux/amd64'] }
    expect(images).toEqual([image])
    const stored = [...digests(amd64, ...attestations), index.descriptor.digest]
    expect(await store.digests()).toEqual([...new Set(stored)].sort())
    expect(await summarizeImage(image, store.content)).toMatchObject({
      platforms: ['linux/amd64'],
      missing: [],
    })
  })

  it('may have the manifests of other platforms without their content', async () => {
    const store = new TestStore()
    const without = [...below(arm64), ...below(aboutArm64), ...below(aboutAmd64)].filter(
      (digest) => !digests(amd64).includes(digest),
    )
    const { images } = await importEntries(layoutOf(index, name, without), store)
    expect(images).toMatchObject([{ desc: bareDescriptor(index.descriptor), selection: ['linux/amd64'] }])
    expect(await store.digests()).toEqual([...digests(amd64), index.descriptor.digest].sort())
  })

  it('has all platforms if only attestations are missing', async () => {
    const { images } = await importEntries(
      layoutOf(index, name, digests(aboutAmd64, aboutArm64)),
      new TestStore(),
    )
    expect(images).toMatchObject([{ selection: ['linux/amd64', 'linux/arm64'] }])
  })

  it('is selected completely if it is complete', async () => {
    expect((await importEntries(layoutOf(index, name), new TestStore())).images).toMatchObject([
      { selection: 'all' },
    ])
  })

  it('is an error that names missing content if no platform is complete', async () => {
    const store = new TestStore()
    const without = [...digests(arm64, aboutArm64, aboutAmd64), layer.descriptor.digest]
    await expect(importEntries(layoutOf(index, name, without), store)).rejects.toEqual(
      errorOf('MALFORMED', name, layer.descriptor.digest),
    )
    expect(await store.digests()).toEqual([])
  })
})
