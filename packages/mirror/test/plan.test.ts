import { type Digest, digestOf, mediaTypes } from '@dist/oci'
import { type FixtureImage, fixtureBlob, imageIndex, seededLayer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { blobAt, describedAs, digestsOf, documentImage, imageOf, manifestOf } from './support/images.js'
import { newWorld } from './support/world.js'

const name = 'registry.test/a:1'

describe('planImage', () => {
  it('lists the blobs of a single manifest that the target lacks', async () => {
    const world = newWorld()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, name)
    const plan = await world.plan(name)
    const blobs = image.blobs.map(({ descriptor }) => descriptor)
    expect(plan.desc.digest).toBe(image.descriptor.digest)
    expect(digestsOf(plan.missing)).toEqual(digestsOf(blobs))
    expect(digestsOf(plan.objects)).toEqual(digestsOf([image.descriptor, ...blobs]))
    expect(plan.upToDate).toBe(false)
  })

  it('commits the manifest, and fetches no blob', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    const plan = await world.plan(name)
    expect(digestsOf(plan.fetched)).toEqual([image.descriptor.digest])
    expect(await world.has(image.descriptor)).toBe(true)
    // Resolving has read the manifest: it is not requested again.
    expect(world.remote.fetches).toEqual([])
  })

  it('does not list blobs that the target has', async () => {
    const world = newWorld()
    world.remote.push(imageOf(['shared']), 'registry.test/b:1')
    await world.mirror(['registry.test/b:1'])
    const image = imageOf(['shared', 'own'])
    world.remote.push(image, name)
    const plan = await world.plan(name)
    expect(digestsOf(plan.missing)).toEqual(digestsOf([blobAt(image, 0), blobAt(image, 2)]))
  })

  it('walks a stored manifest whose layers are not stored', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, name)
    await world.plan(name)
    const again = await world.plan(name)
    expect(again.fetched).toEqual([])
    expect(again.missing).toHaveLength(2)
  })

  it('takes content of an unknown media type as it is', async () => {
    const world = newWorld()
    const model = fixtureBlob('weights', 'application/vnd.example.model')
    world.remote.push(manifestOf([model]), name)
    expect(digestsOf((await world.plan(name)).missing)).toContain(model.descriptor.digest)
  })

  it('skips foreign layers and reports them (R2)', async () => {
    const world = newWorld()
    const foreign = fixtureBlob('windows', mediaTypes.dockerForeignLayerGzip)
    world.remote.push(manifestOf([foreign]), name)
    const plan = await world.plan(name)
    expect(digestsOf(plan.skipped)).toEqual([foreign.descriptor.digest])
    expect(digestsOf(plan.objects)).not.toContain(foreign.descriptor.digest)
  })

  it('takes foreign layers if requested', async () => {
    const world = newWorld()
    const foreign = fixtureBlob('windows', mediaTypes.dockerForeignLayerGzip)
    world.remote.push(manifestOf([foreign]), name)
    const plan = await world.plan(name, { foreignLayers: true })
    expect(plan.skipped).toEqual([])
    expect(digestsOf(plan.missing)).toContain(foreign.descriptor.digest)
  })

  it('takes a layer that a manifest names twice as one object (R16)', async () => {
    const world = newWorld()
    const layer = seededLayer('x', 100)
    world.remote.push(manifestOf([layer, layer]), name)
    expect((await world.plan(name)).missing).toHaveLength(2)
  })

  it('refuses a digest that is named with two sizes (R16)', async () => {
    const world = newWorld()
    const layer = seededLayer('x', 100)
    world.remote.push(manifestOf([layer, describedAs(layer, { size: 7 })]), name)
    await expect(world.plan(name)).rejects.toEqual(errorOf('MALFORMED', 'two sizes'))
  })

  it('refuses indexes that nest too deep (R15)', async () => {
    const world = newWorld()
    let image: FixtureImage = imageOf(['x'])
    for (let level = 0; level < 10; level++) image = imageIndex([image])
    world.remote.push(image, name)
    await expect(world.plan(name)).rejects.toEqual(errorOf('MALFORMED', 'nest deeper'))
  })

  it('walks an index that is named ten thousand times on every level once (R15)', async () => {
    const world = newWorld()
    let image: FixtureImage = imageOf(['x'])
    for (let level = 0; level < 4; level++) {
      const manifests = new Array(10_000).fill(image.descriptor)
      image = documentImage({ schemaVersion: 2, manifests }, mediaTypes.ociIndex, [], [image])
    }
    world.remote.push(image, name)
    expect((await world.plan(name)).objects).toHaveLength(7)
  })

  it.each<[string, unknown, string]>([
    ['is no JSON', '{', 'not JSON'],
    ['is both index and manifest', { schemaVersion: 2, layers: [], manifests: [] }, 'names both'],
    ['lacks its layers', { schemaVersion: 2, config: {} }, 'layers'],
    ['calls itself something else', { mediaType: 'text/plain', layers: [] }, 'has the media type'],
  ])('refuses a manifest that %s (R13)', async (_, document, message) => {
    const world = newWorld()
    world.remote.push(documentImage(document, mediaTypes.ociManifest), name)
    await expect(world.plan(name)).rejects.toEqual(errorOf('MALFORMED', message))
  })

  it('refuses a manifest that is larger than the cap before fetching it (R14)', async () => {
    const world = newWorld()
    const large = { mediaType: mediaTypes.ociManifest, digest: digestOf('large'), size: 9 * 1024 * 1024 }
    const index = documentImage({ schemaVersion: 2, manifests: [large] }, mediaTypes.ociIndex)
    world.remote.push(index, name)
    await expect(world.plan(name)).rejects.toEqual(errorOf('MALFORMED', large.digest))
    expect(world.remote.fetches).toEqual([])
  })

  it('plans manifests and layers with sha512 digests', async () => {
    const world = newWorld()
    const layer = describedAs(fixtureBlob('layer'), { digest: digestOf('layer', 'sha512') })
    world.remote.push(manifestOf([layer]), name)
    expect(await world.mirror([name])).toEqual([expect.not.objectContaining({ error: expect.anything() })])
    expect(await world.has(layer.descriptor)).toBe(true)
  })

  it('resolves the digest, not the tag, of a reference with both', async () => {
    const world = newWorld()
    const image = imageOf(['x'])
    world.remote.push(image, 'registry.test/a:other')
    const plan = await world.plan(`registry.test/a:1@${image.descriptor.digest}`)
    expect(plan.desc.digest).toBe(image.descriptor.digest)
  })

  it('names an unknown reference', async () => {
    const unknown: Digest = digestOf('unknown')
    const world = newWorld()
    await expect(world.plan(`registry.test/a@${unknown}`)).rejects.toEqual(errorOf('NOT_FOUND', unknown))
  })
})
