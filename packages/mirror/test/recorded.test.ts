import { askedTime, type Image, MemoryNames } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { storeSource } from '@dist/mirror'
import { bareDescriptor, type Descriptor } from '@dist/oci'
import { parseReference } from '@dist/reference'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { imageOf, twoPlatforms } from './support/images.js'
import { artifactOf } from './support/pushing.js'
import { newWorld, type World } from './support/world.js'

const name = 'registry.test/a:1'
const day = 24 * 3_600_000
const fresh = { referrers: true, referrersFreshFor: day }
const due = { referrers: true }
const tagOf = ({ digest }: Descriptor, kind = 'sig') => `${digest.replace(':', '-')}.${kind}`
const nameOf = (tag: string) => `registry.test/a:${tag}`

/** Adds a manifest that refers to an image. */
function refer({ remote }: World, { descriptor }: FixtureImage, text: string): FixtureImage {
  const artifact = artifactOf(descriptor, text)
  remote.push(artifact, nameOf('x'))
  remote.refer(descriptor, { ...artifact.descriptor, artifactType: 'application/vnd.example.signature' })
  return artifact
}

/** The digests that were asked about since the last call. */
function asked({ remote }: World): string[] {
  return [...remote.subjects.splice(0), ...remote.cosignSubjects.splice(0).flat()]
}

const recorded = async ({ names }: World) => (await names.get(name)).referrers
const digestsOf = (descs: readonly Descriptor[] = []) => descs.map(({ digest }) => digest)

describe('referrers in a store', () => {
  it('are recorded with the name, those of parts too; tags of cosign are names of their own', async () => {
    const world = newWorld()
    const { index, amd64 } = twoPlatforms()
    const signature = imageOf(['signature'])
    world.remote.push(index, name)
    world.remote.push(signature, nameOf(tagOf(index.descriptor)))
    const [first, second] = [refer(world, index, 'one'), refer(world, amd64, 'two')]
    const before = Date.now()
    await world.mirror([name], due)
    const record = await recorded(world)
    expect(record).toMatchObject({ types: 'all', tags: [tagOf(index.descriptor)] })
    expect(record?.askedAt).toBeGreaterThanOrEqual(askedTime(before))
    expect(new Set(digestsOf(record?.manifests))).toEqual(
      new Set([first.descriptor.digest, second.descriptor.digest]),
    )
    expect((await world.names.get(nameOf(tagOf(index.descriptor)))).desc).toEqual(
      bareDescriptor(signature.descriptor),
    )
    for (const { blobs } of [first, second, signature])
      for (const { descriptor } of blobs) expect(await world.has(descriptor)).toBe(true)
  })

  it('make a name visible only when the store has them, and after cosign’s names', async () => {
    const put: string[] = []
    class WatchedNames extends MemoryNames {
      override put(image: Image): Promise<void> {
        put.push(image.name)
        return super.put(image)
      }
    }
    const world = newWorld({ names: new WatchedNames() })
    const image = imageOf(['x'])
    world.remote.push(image, name)
    world.remote.push(imageOf(['signature']), nameOf(tagOf(image.descriptor)))
    const { descriptor } = refer(world, image, 'one')
    const denied = new DistError('PERMISSION_DENIED', 'denied')
    world.remote.script(descriptor, () => Promise.reject(denied))
    expect(await world.mirror([name], due)).toMatchObject([{ error: denied }])
    expect(put).toEqual([])
    await world.mirror([name], due)
    expect(put).toEqual([nameOf(tagOf(image.descriptor)), name])
  })

  it('are not asked for again while the answer is fresh; then one question about the root shows that nothing is new', async () => {
    const world = newWorld()
    const { index, amd64 } = twoPlatforms()
    world.remote.push(index, name)
    refer(world, amd64, 'one')
    await world.mirror([name], fresh)
    expect(asked(world).length).toBeGreaterThan(3)
    const record = await recorded(world)
    expect(await world.mirror([name], fresh)).toMatchObject([{ upToDate: true, fetched: { objects: 0 } }])
    expect(asked(world)).toEqual([])
    expect(await recorded(world)).toEqual(record)
    expect(await world.mirror([name], due)).toMatchObject([{ upToDate: true }])
    expect(asked(world)).toEqual([index.descriptor.digest, index.descriptor.digest])
    expect((await recorded(world))?.askedAt).toBeGreaterThanOrEqual(record?.askedAt ?? Infinity)
    expect(digestsOf((await recorded(world))?.manifests)).toEqual(digestsOf(record?.manifests))
  })

  it('that are newer than their image are added to it, whether they have a subject or a tag', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    await world.mirror([name], fresh)
    const signature = refer(world, image, 'later')
    expect(await world.mirror([name], fresh)).toMatchObject([{ upToDate: true }])
    expect(await world.mirror([name], due)).toMatchObject([{ upToDate: false, fetched: { objects: 3 } }])
    expect(digestsOf((await recorded(world))?.manifests)).toEqual([signature.descriptor.digest])
    for (const tagged of [imageOf(['one']), imageOf(['two'])]) {
      world.remote.push(tagged, nameOf(tagOf(image.descriptor)))
      expect(await world.mirror([name], due)).toMatchObject([{ upToDate: false }])
      expect((await world.names.get(nameOf(tagOf(image.descriptor)))).desc).toEqual(
        bareDescriptor(tagged.descriptor),
      )
    }
    expect(digestsOf((await recorded(world))?.manifests)).toEqual([signature.descriptor.digest])
  })

  it('of other artifact types are asked for although the answer is fresh, and the others stay', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    const artifact = refer(world, image, 'one')
    const types = (...artifactTypes: string[]) => ({ ...fresh, referrers: { artifactTypes } })
    await world.mirror([name], types('application/b', 'application/a'))
    expect(await recorded(world)).toMatchObject({ types: ['application/a', 'application/b'], manifests: [] })
    asked(world)
    await world.mirror([name], types('application/a'))
    expect(asked(world)).toEqual([])
    await world.mirror([name], fresh)
    expect(asked(world)).not.toEqual([])
    await world.mirror([name], types('application/c'))
    expect(asked(world)).toEqual([])
    expect(await recorded(world)).toMatchObject({ types: 'all', manifests: [artifact.descriptor] })
  })

  it('that are not known are a remark, and are asked for again although they are fresh', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['x']), name)
    world.remote.untold = new DistError('PERMISSION_DENIED', 'denied')
    const remarks = [expect.stringContaining('is not known')]
    expect(await world.mirror([name], fresh)).toMatchObject([{ upToDate: false, remarks }])
    const record = await recorded(world)
    expect(record?.askedAt).toBe(0)
    expect(await world.mirror([name], fresh)).toMatchObject([{ upToDate: true, remarks }])
    expect(await recorded(world)).toEqual(record)
  })

  it('of an image that never changes are asked for once', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    const plan = () => world.plan(name, { ...due, immutable: true })
    const first = await plan()
    for (const desc of first.missing) await world.ingest(desc)
    await world.publish(first)
    expect(asked(world)).not.toEqual([])
    expect(await plan()).toMatchObject({ upToDate: true, renewed: false })
    expect(asked(world)).toEqual([])
  })

  it('stay recorded if the image is mirrored without them', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    const artifact = refer(world, image, 'one')
    await world.mirror([name], due)
    const [blob] = image.blobs
    if (blob !== undefined) await world.content.delete(blob.descriptor.digest)
    expect(await world.mirror([name])).toMatchObject([{ upToDate: false }])
    expect(digestsOf((await recorded(world))?.manifests)).toEqual([artifact.descriptor.digest])
  })

  it('whose content is gone are fetched again', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    const artifact = refer(world, image, 'one')
    await world.mirror([name], fresh)
    for (const { descriptor } of [artifact, ...artifact.blobs]) await world.content.delete(descriptor.digest)
    expect(await world.mirror([name], fresh)).toMatchObject([{ upToDate: false }])
    expect(await world.has(artifact.descriptor)).toBe(true)
    expect(digestsOf((await recorded(world))?.manifests)).toEqual([artifact.descriptor.digest])
  })

  it('whose name of cosign was removed get it again', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    world.remote.push(imageOf(['signature']), nameOf(tagOf(image.descriptor)))
    await world.mirror([name], fresh)
    await world.names.delete(nameOf(tagOf(image.descriptor)))
    await world.mirror([name], fresh)
    expect(await world.names.get(nameOf(tagOf(image.descriptor)))).toBeDefined()
  })

  it('are found by a push from the store, without names of their own', async () => {
    const world = newWorld()
    const { index, amd64 } = twoPlatforms()
    world.remote.push(index, name)
    const [first, second] = [refer(world, index, 'one'), refer(world, amd64, 'two')]
    const signature = imageOf(['signature'])
    world.remote.push(signature, nameOf(tagOf(amd64.descriptor)))
    await world.mirror([name], due)
    const source = storeSource(world.content, world.names)
    const locator = parseReference(name)
    for (const [{ descriptor }, referrer] of [
      [index, first],
      [amd64, second],
    ] as const)
      expect(await source.referrers?.(locator, descriptor.digest)).toMatchObject([
        { digest: referrer.descriptor.digest, artifactType: 'application/vnd.example.signature' },
      ])
    const subjects = [index.descriptor.digest, amd64.descriptor.digest]
    expect(await source.cosignTags?.(locator, subjects)).toEqual([
      {
        tag: tagOf(amd64.descriptor),
        subject: amd64.descriptor.digest,
        desc: bareDescriptor(signature.descriptor),
      },
    ])
  })
})
