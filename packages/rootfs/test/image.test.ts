import { bareDescriptor, digestOf, hostPlatform, mediaTypes, type Platform } from '@dist/oci'
import {
  dockerImage,
  type FixtureImage,
  fixtureBlob,
  imageIndex,
  ociImage,
  seededLayer,
  tarLayer,
} from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { readImage } from '../src/image.js'
import { imageWith, rejection, useWorld } from './support/world.js'

const world = useWorld()
const layer = tarLayer([{ path: 'a' }])
const upper = tarLayer([{ path: 'b' }])
const own = hostPlatform()
const arm: Platform = { os: 'linux', architecture: 'arm', variant: 'v7' }
const riscv: Platform = { os: 'linux', architecture: 'riscv64' }
const onPlatform = (platform: Platform) => ociImage({ layers: [layer], platform })
const withoutPlatform = (image: FixtureImage): FixtureImage => ({
  ...image,
  descriptor: bareDescriptor(image.descriptor),
})
const rootfs = (...diffIDs: string[]) => ({ rootfs: { type: 'layers', diff_ids: diffIDs } })

const read = async (image: FixtureImage, platform?: Platform) => {
  const desc = await world().putImage(image)
  return await readImage(world().store, desc, { platform })
}

describe('an image to unpack', () => {
  it('has its layers with diffID, chain ID and parent', async () => {
    const image = ociImage({ layers: [layer, upper], config: { config: { Cmd: ['sh'] } } })
    const { desc, layers, config } = await read(image)
    const top = digestOf(`${layer.diffID} ${upper.diffID}`)
    expect(desc.digest).toBe(image.descriptor.digest)
    expect(config.run.cmd).toEqual(['sh'])
    expect(layers).toMatchObject([
      { desc: layer.descriptor, diffID: layer.diffID, chainID: layer.diffID },
      { desc: upper.descriptor, diffID: upper.diffID, chainID: top, parent: layer.diffID },
    ])
    expect(layers[0]?.parent).toBeUndefined()
  })

  it('may have media types of Docker', async () => {
    const { layers } = await read(dockerImage({ layers: [layer] }))
    expect(layers.map(({ chainID }) => chainID)).toEqual([layer.diffID])
  })

  it.each([
    [
      'L15 more layers than diff_ids',
      imageWith(rootfs(layer.diffID), [layer, upper]),
      'MALFORMED',
      /2 layers.*1 diff_ids/,
    ],
    [
      'L15 fewer layers than diff_ids',
      imageWith(rootfs(layer.diffID, upper.diffID), [layer]),
      'MALFORMED',
      /1 layers.*2 diff_ids/,
    ],
    ['no layers', imageWith(rootfs(), []), 'NOT_IMPLEMENTED', /has no layers/],
    ['a config that is not JSON', imageWith('x', [layer]), 'MALFORMED', /not JSON/],
    [
      'the config of a chart',
      imageWith({}, [layer], 'application/vnd.cncf.helm.config.v1+json'),
      'NOT_IMPLEMENTED',
      /helm.*not a container image/,
    ],
    [
      'a layer that is not an archive',
      imageWith(rootfs(layer.diffID), [{ ...fixtureBlob('x', 'text/plain'), diffID: layer.diffID }]),
      'NOT_IMPLEMENTED',
      /text\/plain is not supported/,
    ],
    [
      'an encrypted layer',
      imageWith(rootfs(layer.diffID), [
        { ...fixtureBlob('x', `${mediaTypes.ociLayerGzip}+encrypted`), diffID: layer.diffID },
      ]),
      'NOT_IMPLEMENTED',
      /encrypted is not supported/,
    ],
    ['diff_ids of sha512', imageWith(rootfs(digestOf('x', 'sha512')), [layer]), 'NOT_IMPLEMENTED', /sha512/],
  ])('is refused with %s', async (_, image, code, expected) => {
    expect(await rejection(read(image))).toMatchObject({ code, message: expect.stringMatching(expected) })
  })

  it('is NOT_FOUND when its manifest is not stored', async () => {
    const { descriptor } = onPlatform(own)
    expect(await rejection(readImage(world().store, descriptor))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('reads no layer, however large', async () => {
    const large = seededLayer('large', 100)
    expect((await read(ociImage({ layers: [large] }))).layers[0]?.desc).toEqual(large.descriptor)
  })
})

describe('of an index', () => {
  const children = [onPlatform(riscv), onPlatform(arm), onPlatform(own)]

  it('reads the image of the requested platform, else that of this machine', async () => {
    const index = imageIndex(children)
    expect((await read(index, arm)).desc.digest).toBe(children[1]?.descriptor.digest)
    expect((await read(index)).desc.digest).toBe(children[2]?.descriptor.digest)
  })

  it('searches a nested index', async () => {
    const index = imageIndex([onPlatform(riscv), imageIndex(children)])
    expect((await read(index, arm)).desc.digest).toBe(children[1]?.descriptor.digest)
  })

  it('reads the platform from the config where a manifest has none', async () => {
    const [first, second] = [withoutPlatform(onPlatform(riscv)), withoutPlatform(onPlatform(arm))]
    const index = imageIndex([first, second])
    expect((await read(index, arm)).desc.digest).toBe(second.descriptor.digest)
    expect(await rejection(read(index, own))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('the index has linux/arm/v7, linux/riscv64'),
    })
  })

  it('a missing platform is NOT_FOUND, with the available ones', async () => {
    const error = await rejection(read(imageIndex(children.slice(0, 2)), own))
    expect(error).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/; the index has linux\/arm\/v7, linux\/riscv64$/),
    })
  })

  it('ignores attestations', async () => {
    const attestation = onPlatform({ os: 'unknown', architecture: 'unknown' })
    expect(await rejection(read(imageIndex([attestation]), own))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('the index names no platform'),
    })
  })

  it('a platform that is not stored is NOT_FOUND, with advice to pull it', async () => {
    const index = imageIndex(children)
    await world().put({ descriptor: index.descriptor, open: () => [index.content] })
    expect(await rejection(readImage(world().store, index.descriptor, { platform: arm }))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/linux\/arm\/v7 .* pull/),
    })
  })
})

describe('of a single manifest', () => {
  it('accepts any platform where none is requested', async () => {
    expect((await read(onPlatform(riscv))).config.architecture).toBe('riscv64')
  })

  it('another platform than the requested one is NOT_FOUND', async () => {
    expect((await read(onPlatform(riscv), riscv)).config.architecture).toBe('riscv64')
    expect(await rejection(read(onPlatform(riscv), arm))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('it is for linux/riscv64'),
    })
  })
})
