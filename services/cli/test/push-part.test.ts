import { createStore, type Image, MemoryDriver, type Selection } from '@dist/content'
import { allContent, type FixtureImage, imageIndex, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { partOf } from '../src/images/destinations.js'

const imageFor = (architecture: string) =>
  ociImage({ layers: [seededLayer(architecture, 100)], platform: { os: 'linux', architecture } })
const [amd64, arm64, s390x] = ['amd64', 'arm64', 's390x'].map(imageFor) as [
  FixtureImage,
  FixtureImage,
  FixtureImage,
]
const index = imageIndex([amd64, arm64, s390x])

/** The part of an image to push, if the store has the given selection. */
async function part(image: FixtureImage, selection: Selection, asked?: string[]) {
  const content = createStore(new MemoryDriver())
  for (const { descriptor, open } of allContent(image)) {
    await using writer = await content.writer(descriptor.digest, descriptor)
    for (const chunk of open()) await writer.write(chunk)
    await writer.commit()
  }
  const held: Image = { name: 'registry.test/app:1', desc: image.descriptor, selection }
  const { root, platforms, only } = await partOf(held, content, asked, new AbortController().signal)
  return { root: root.digest, platforms: platforms === 'all' ? platforms : platforms.length, only }
}

const whole = (image: FixtureImage) => ({ root: image.descriptor.digest, platforms: 'all', only: undefined })
const alone = (image: FixtureImage, only: string) => ({ ...whole(image), only })

it('a complete image is pushed as a whole', async () => {
  expect(await part(index, 'all')).toEqual(whole(index))
  expect(await part(amd64, 'all')).toEqual(whole(amd64))
})

it('one stored platform of an index is pushed as a single manifest', async () => {
  expect(await part(index, ['linux/arm64'])).toEqual(alone(arm64, 'linux/arm64'))
})

it('an index of one platform is pushed as an index, unless the platform is requested', async () => {
  const single = imageIndex([amd64])
  expect(await part(single, ['linux/amd64'])).toEqual(whole(single))
  expect(await part(single, ['linux/amd64'], ['linux/amd64'])).toEqual(alone(amd64, 'linux/amd64'))
})

it('several platforms are pushed as an index, and all platforms are a complete index', async () => {
  const two = ['linux/amd64', 'linux/arm64']
  expect(await part(index, two)).toEqual({ ...whole(index), platforms: 2 })
  expect(await part(index, 'all', two)).toEqual({ ...whole(index), platforms: 2 })
  expect(await part(index, 'all', [...two, 'linux/s390x'])).toEqual(whole(index))
})

it('one requested platform is pushed alone, also with repeated and equivalent spellings', async () => {
  const asked = ['linux/arm64', 'linux/arm64/v8']
  expect(await part(index, 'all', asked)).toEqual(alone(arm64, 'linux/arm64'))
  expect(await part(amd64, 'all', asked)).toEqual(whole(amd64))
})

it('a platform that the store lacks is refused, and the error lists the stored platforms', async () => {
  await expect(part(index, ['linux/amd64'], ['linux/s390x'])).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(/has the platforms linux\/amd64, not linux\/s390x; dist pull --platform/),
  })
})
