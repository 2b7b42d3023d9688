import { DistError } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { imageOf, twoPlatforms } from './support/images.js'
import { newPushWorld } from './support/pushing.js'

const name = 'registry.test/a:1'
const all = { referrers: true }
const tagOf = ({ digest }: Descriptor, kind = 'sig') => `${digest.replace(':', '-')}.${kind}`

describe('tags of cosign', () => {
  it('are put for an image and its parts, before the tag of the image (S16)', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const { index, amd64 } = twoPlatforms()
    const [signature, sbom] = [imageOf(['signature']), imageOf(['sbom'])]
    remote.push(index, name)
    remote.push(signature, `registry.test/a:${tagOf(index.descriptor)}`)
    remote.push(sbom, `registry.test/a:${tagOf(amd64.descriptor, 'sbom')}`)
    await mirror([name], all)
    expect(await registry.image('m/a', tagOf(index.descriptor))).toBe(signature.descriptor.digest)
    expect(await registry.image('m/a', tagOf(amd64.descriptor, 'sbom'))).toBe(sbom.descriptor.digest)
    expect(registry.received('PUT m/a/manifests').at(-1)).toBe('PUT m/a/manifests/1')
  })

  it('that are refused keep the tag of the image where it is', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    remote.push(imageOf(['signature']), `registry.test/a:${tagOf(image.descriptor)}`)
    registry.fail(`PUT m/a/manifests/${tagOf(image.descriptor)}`, new DistError('MALFORMED', 'no'))
    expect(await mirror([name], all)).toMatchObject([{ error: { code: 'MALFORMED' } }])
    expect(await registry.image('m/a', '1')).toBeUndefined()
  })

  it('cost one question and one HEAD at the target if nothing has changed', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const { index } = twoPlatforms()
    remote.push(index, name)
    remote.push(imageOf(['signature']), `registry.test/a:${tagOf(index.descriptor)}`)
    await mirror([name], all)
    registry.requests.length = 0
    remote.cosignSubjects.length = 0
    expect(await mirror([name], all)).toMatchObject([{ upToDate: true }])
    expect(remote.cosignSubjects).toEqual([[index.descriptor.digest]])
    expect(registry.requests).toEqual([
      'HEAD m/a/manifests/1',
      `HEAD m/a/manifests/${tagOf(index.descriptor)}`,
    ])
  })

  it('that are newer than their image are put, and moved to newer content', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    await mirror([name], all)
    for (const signature of [imageOf(['signature']), imageOf(['another signature'])]) {
      remote.push(signature, `registry.test/a:${tagOf(image.descriptor)}`)
      expect(await mirror([name], all)).toMatchObject([{ upToDate: false }])
      expect(await registry.image('m/a', tagOf(image.descriptor))).toBe(signature.descriptor.digest)
    }
  })

  it('are chosen by the media types of their content', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    for (const kind of ['sig', 'att', 'sbom'])
      remote.push(imageOf([kind]), `registry.test/a:${tagOf(image.descriptor, kind)}`)
    const artifactTypes = ['application/vnd.dsse.envelope.v1+json']
    await mirror([name], { referrers: { artifactTypes } })
    expect(await registry.image('m/a', tagOf(image.descriptor, 'att'))).toBeDefined()
    expect(registry.received('.sig')).toEqual([])
    expect(registry.received('.sbom')).toEqual([])
  })

  it('are not asked for unless requested', async () => {
    const { remote, mirror } = newPushWorld()
    remote.push(imageOf(['x']), name)
    await mirror([name])
    expect(remote.cosignSubjects).toEqual([])
  })
})
