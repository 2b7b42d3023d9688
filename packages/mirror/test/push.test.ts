import { DistError } from '@dist/errdefs'
import { MountSources } from '@dist/mirror'
import type { Digest } from '@dist/oci'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { flipped, resetAfter, short } from './support/faults.js'
import { blobAt, imageOf } from './support/images.js'
import { newPushWorld } from './support/pushing.js'

const name = 'registry.test/a:1'
const busy = () => new DistError('UNAVAILABLE', 'busy', { retryAfter: 1 })

describe('a blob that is sent to a repository', () => {
  it('is uploaded once for images that share it, and mounted into other repositories', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const images = ['a', 'b', 'c'].map((own) => imageOf(['base', own]))
    const names = images.map((_, i) => `registry.test/r${i}:1`)
    for (const [i, image] of images.entries()) remote.push(image, names[i] ?? '')
    await mirror(names)
    const base = blobAt(images[0] ?? imageOf([]), 1)
    expect(remote.fetchesOf(base)).toBe(1)
    expect(registry.received('MOUNT').filter((request) => request.includes(base.digest))).toHaveLength(2)
    for (const [i, image] of images.entries())
      expect(await registry.image(`m/r${i}`, '1')).toBe(image.descriptor.digest)
  })

  it('is neither checked again nor mounted if two images of one repository share it', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const images = ['a', 'b'].map((own) => imageOf(['base', own]))
    const names = ['registry.test/r:a', 'registry.test/r:b']
    for (const [i, image] of images.entries()) remote.push(image, names[i] ?? '')
    await mirror(names)
    const base = blobAt(images[0] ?? imageOf([]), 1)
    expect(registry.received(base.digest).sort()).toEqual([
      `HEAD m/r/blobs/${base.digest}`,
      `HEAD m/r/blobs/${base.digest}`,
      `PUT m/r/blobs/${base.digest}`,
    ])
  })

  it('is mounted from a repository that is known to have it', async () => {
    const first = newPushWorld()
    const { remote, registry } = first
    remote.push(imageOf(['base']), 'registry.test/old:1')
    await first.mirror(['registry.test/old:1'])
    remote.push(imageOf(['base', 'own']), 'registry.test/new:1')
    remote.push(imageOf(['base', 'more']), 'registry.test/old:1')
    const { mirror } = newPushWorld({ remote, registry })
    await mirror(['registry.test/old:1'])
    await mirror(['registry.test/new:1'])
    const base = blobAt(imageOf(['base']), 1)
    expect(registry.received(`MOUNT m/new/blobs/${base.digest}`)).toEqual([
      `MOUNT m/new/blobs/${base.digest} from m/old`,
    ])
    expect(remote.fetchesOf(base)).toBe(1)
  })

  it('is mounted from its source repository if that is at the same registry', async () => {
    const { remote, registry, push } = newPushWorld()
    const [host, desc] = ['mirror.test', blobAt(imageOf(['x']), 1)]
    remote.push(imageOf(['x']), `${host}/a:1`)
    const there = { host, repository: 'a' }
    await push({ desc, source: { host: 'elsewhere.test', repository: 'a' }, to: there })
    const other = newPushWorld({ remote, registry })
    expect(await other.push({ desc, source: there, to: { host, repository: 'b' } })).toBe('present')
    expect(registry.requests.at(-1)).toBe(`MOUNT b/blobs/${desc.digest} from a`)
  })

  it('is uploaded if the registry does not mount', async () => {
    const { remote, registry, mirror } = newPushWorld()
    registry.mounts = false
    const images = ['a', 'b'].map((own) => imageOf(['base', own]))
    const names = ['registry.test/a:1', 'registry.test/b:1']
    for (const [i, image] of images.entries()) remote.push(image, names[i] ?? '')
    expect(await mirror(names)).toMatchObject([{ upToDate: false }, { upToDate: false }])
    expect(remote.fetchesOf(blobAt(images[0] ?? imageOf([]), 1))).toBe(2)
    expect(await registry.image('m/b', '1')).toBe(images[1]?.descriptor.digest)
  })

  it('is sent again from byte 0 if the registry fails in the middle', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    const layer = blobAt(image, 1)
    registry.fail(`PUT m/a/blobs/${layer.digest}`, busy(), 3)
    expect(await mirror([name])).toMatchObject([{ upToDate: false }])
    expect(remote.fetchesOf(layer)).toBe(4)
    expect(await registry.image('m/a', '1')).toBe(image.descriptor.digest)
  })

  it('R27 fails with the error of the registry after six attempts, and keeps the tag', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    const layer = blobAt(image, 1)
    registry.fail(`PUT m/a/blobs/${layer.digest}`, busy(), 100)
    const [outcome] = await mirror([name])
    expect(outcome?.error).toEqual(errorOf('UNAVAILABLE', 'busy'))
    expect(remote.fetchesOf(layer)).toBe(6)
    expect(registry.received('PUT m/a/manifests')).toEqual([])
  })

  it('is not sent again if the registry refuses it', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    registry.fail('POST', new DistError('PERMISSION_DENIED', 'denied'), 100)
    const [outcome] = await mirror([name])
    expect(outcome?.error).toEqual(errorOf('PERMISSION_DENIED'))
    expect(remote.fetchesOf(blobAt(image, 1))).toBe(0)
  })

  it('continues in the same upload if the source fails', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = ociImage({ layers: [seededLayer('large', 100_000)] })
    remote.push(image, name)
    const layer = blobAt(image, 1)
    remote.script(layer, resetAfter(70_000))
    await mirror([name])
    expect(remote.offsets.filter((offset) => offset > 0)).toEqual([70_000])
    expect(registry.received('POST')).toHaveLength(2)
  })

  it.each([
    ['a flipped byte', flipped],
    ['too few bytes', short],
  ])('is not committed if the source sends %s (S3)', async (_, fault) => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    const layer = blobAt(image, 1)
    remote.script(layer, fault, fault)
    const [outcome] = await mirror([name])
    expect(outcome?.error).toEqual(errorOf('FAILED_PRECONDITION'))
    expect(await registry.pusher({ host: 'mirror.test', repository: 'm/a' }).has(layer)).toBe(false)
    expect(await registry.image('m/a', '1')).toBeUndefined()
  })
})

describe('MountSources', () => {
  const digest = (letter: string) => `sha256:${letter.repeat(64)}` as Digest
  const at = (repository: string, host = 'mirror.test') => ({ host, repository })

  it('returns the repositories of each host that have a blob', () => {
    const mountSources = new MountSources()
    mountSources.add(at('a'), digest('1'))
    mountSources.add(at('b'), digest('1'))
    expect(mountSources.has(at('a'), digest('1'))).toBe(true)
    expect(mountSources.has(at('c'), digest('1'))).toBe(false)
    expect(mountSources.has(at('a', 'other.test'), digest('1'))).toBe(false)
    expect(mountSources.repositoryWith(digest('1'), 'mirror.test')).toBe('a')
    expect(mountSources.repositoryWith(digest('1'), 'other.test')).toBeUndefined()
  })

  it('forgets the oldest blobs beyond its limit', () => {
    const mountSources = new MountSources(3)
    for (const repository of ['a', 'b']) mountSources.add(at(repository), digest('1'))
    for (const letter of ['2', '2', '3']) mountSources.add(at('a'), digest(letter))
    expect(mountSources.has(at('a'), digest('1'))).toBe(false)
    expect(mountSources.has(at('a'), digest('2'))).toBe(true)
    expect(mountSources.has(at('a'), digest('3'))).toBe(true)
  })
})
