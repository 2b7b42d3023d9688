import { DistError } from '@dist/errdefs'
import { fixtureBlob, imageIndex } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { imageOf, twoPlatforms } from './support/images.js'
import { artifactOf, newPushWorld } from './support/pushing.js'

const name = 'registry.test/a:1'
const all = { referrers: true }

describe('referrers', () => {
  it('are sent for the index, for its manifests, and for other referrers', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const { index, amd64 } = twoPlatforms()
    const signature = artifactOf(index.descriptor, 'signature')
    const sbom = artifactOf(amd64.descriptor, 'sbom')
    const signedSbom = artifactOf(sbom.descriptor, 'signature of the sbom')
    remote.push(index, name)
    for (const image of [signature, sbom, signedSbom]) remote.push(image, 'registry.test/a:x')
    remote.refer(index.descriptor, signature.descriptor)
    remote.refer(amd64.descriptor, sbom.descriptor)
    remote.refer(sbom.descriptor, signedSbom.descriptor)
    await mirror([name], all)
    for (const { descriptor } of [signature, sbom, signedSbom])
      expect(await registry.image('m/a', descriptor.digest)).toBe(descriptor.digest)
  })

  it('may be indexes', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const bundle = imageIndex([artifactOf(image.descriptor, 'one'), artifactOf(image.descriptor, 'two')])
    remote.push(image, name)
    remote.push(bundle, 'registry.test/a:bundle')
    remote.refer(image.descriptor, bundle.descriptor)
    await mirror([name], all)
    expect(await registry.image('m/a', bundle.descriptor.digest)).toBe(bundle.descriptor.digest)
  })

  it('are not sent and not listed unless requested', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const signature = artifactOf(image.descriptor, 'signature')
    remote.push(image, name)
    remote.refer(image.descriptor, signature.descriptor)
    await mirror([name])
    expect(remote.subjects).toEqual([])
    expect(registry.received(signature.descriptor.digest)).toEqual([])
  })

  it('beyond the limit fail the image before any is read (R15)', async () => {
    const { remote, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    for (let i = 0; i <= 10_000; i++) remote.refer(image.descriptor, fixtureBlob(String(i)).descriptor)
    const [outcome] = await mirror([name], all)
    expect(outcome?.error).toEqual(errorOf('MALFORMED', name, '10000'))
  })

  it('are left out if they are listed but missing: lists can be stale', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    remote.refer(image.descriptor, artifactOf(image.descriptor, 'gone').descriptor)
    expect(await mirror([name], all)).toMatchObject([{ upToDate: false }])
    expect(await registry.image('m/a', '1')).toBe(image.descriptor.digest)
  })

  it('are left out, with one remark, if the registry does not list them', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const { index } = twoPlatforms()
    remote.push(index, name)
    remote.untold = new DistError('PERMISSION_DENIED', 'registry.test denies access')
    const remarks = [
      expect.stringMatching(/what refers to it .* is not known.*: registry.test denies access$/),
    ]
    expect(await mirror([name], all)).toMatchObject([{ upToDate: false, remarks }])
    expect(await registry.image('m/a', '1')).toBe(index.descriptor.digest)
    expect(await mirror([name], all)).toMatchObject([{ upToDate: true, remarks }])
    expect(await mirror([name])).toMatchObject([{ upToDate: true, remarks: [] }])
  })

  it('cause no remark if tags list some and the others have no list', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const { index } = twoPlatforms()
    const signature = artifactOf(index.descriptor, 'signature')
    remote.push(index, name)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(index.descriptor, signature.descriptor)
    remote.untold = new DistError('PERMISSION_DENIED', 'registry.test denies access')
    expect(await mirror([name], all)).toMatchObject([{ remarks: [] }])
    expect(await registry.image('m/a', signature.descriptor.digest)).toBeDefined()
  })

  it('are left out, with a remark, if the target does not support them', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const signatures = ['one', 'two'].map((text) => artifactOf(image.descriptor, text))
    remote.push(image, name)
    for (const { descriptor } of signatures) remote.refer(image.descriptor, descriptor)
    for (const [i, signature] of signatures.entries()) remote.push(signature, `registry.test/a:sig-${i}`)
    const refused = signatures[0]?.descriptor.digest ?? ''
    registry.fail(`PUT m/a/manifests/${refused}`, new DistError('NOT_IMPLEMENTED', 'mirror.test says no'))
    const remarks = [expect.stringMatching(/what refers to it .* is not supported .*: mirror.test says no$/)]
    expect(await mirror([name], all)).toMatchObject([{ remarks }])
    expect(await registry.image('m/a', '1')).toBe(image.descriptor.digest)
    expect(await registry.image('m/a', signatures[1]?.descriptor.digest ?? '')).toBeDefined()
  })

  it('are put again after a temporary failure', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const signature = artifactOf(image.descriptor, 'signature')
    remote.push(image, name)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(image.descriptor, signature.descriptor)
    registry.fail(`PUT m/a/manifests/${signature.descriptor.digest}`, new DistError('UNAVAILABLE', 'later'))
    const [outcome] = await mirror([name], all)
    expect(outcome).toMatchObject({ remarks: [] })
    expect(outcome).not.toHaveProperty('error')
    expect(await registry.image('m/a', signature.descriptor.digest)).toBeDefined()
  })

  it('fail the image if they cannot be read', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const signature = artifactOf(image.descriptor, 'signature')
    remote.push(image, name)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(image.descriptor, signature.descriptor)
    const denied = new DistError('PERMISSION_DENIED', 'denied')
    remote.script(signature.descriptor, async () => {
      throw denied
    })
    expect(await mirror([name], all)).toMatchObject([{ error: denied }])
    expect(await registry.image('m/a', '1')).toBeUndefined()
  })

  it('that are newer than their image are added; other manifests are not put again', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const { index } = twoPlatforms()
    const signature = artifactOf(index.descriptor, 'signature')
    remote.push(index, name)
    await mirror([name], all)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(index.descriptor, signature.descriptor)
    registry.requests.length = 0
    expect(await mirror([name], all)).toMatchObject([{ upToDate: false, fetched: { objects: 3 } }])
    expect(registry.received('PUT m/a/manifests')).toEqual([
      `PUT m/a/manifests/${signature.descriptor.digest}`,
      'PUT m/a/manifests/1',
    ])
  })

  it('cost one request to each side if nothing has changed', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const { digest } = image.descriptor
    const signature = artifactOf(image.descriptor, 'signature')
    remote.push(image, name)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(image.descriptor, signature.descriptor)
    await mirror([name], all)
    registry.requests.length = 0
    expect(await mirror([name], all)).toMatchObject([{ upToDate: true }])
    expect(registry.requests).toEqual(['HEAD m/a/manifests/1', `GET m/a/referrers/${digest}`])
  })

  it('are put again if a registry has them and does not list them', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const signature = artifactOf(image.descriptor, 'signature')
    remote.push(image, name)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(image.descriptor, signature.descriptor)
    await mirror([name], all)
    registry.referrers = async () => []
    registry.requests.length = 0
    expect(await mirror([name], all)).toMatchObject([{ upToDate: false }])
    expect(registry.received('PUT')).toEqual([
      `PUT m/a/manifests/${signature.descriptor.digest}`,
      'PUT m/a/manifests/1',
    ])
  })

  it('come before the tag: if one is refused, the tag is not moved (S16)', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const signature = artifactOf(image.descriptor, 'signature')
    remote.push(image, name)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(image.descriptor, signature.descriptor)
    registry.fail(`PUT m/a/manifests/${signature.descriptor.digest}`, new DistError('MALFORMED', 'no'))
    const [outcome] = await mirror([name], all)
    expect(outcome?.error).toEqual(errorOf('MALFORMED', 'no'))
    expect(await registry.image('m/a', '1')).toBeUndefined()
  })
})
