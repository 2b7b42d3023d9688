import { DistError } from '@dist/errdefs'
import { destinationOf, type MirrorEvent } from '@dist/mirror'
import { formatReference, parseReference } from '@dist/reference'
import { allContent } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { blobAt, imageOf, twoPlatforms } from './support/images.js'
import { artifactOf, newPushWorld } from './support/pushing.js'
import { amd64, arm64 } from './support/world.js'

const name = 'registry.test/a:1'
const writes = (requests: readonly string[]) =>
  requests.filter((request) => /^(PUT|POST|MOUNT)/.test(request))

describe('an image that goes to a registry', () => {
  it('gets blobs first, then child manifests, the index, its referrers, and the tag last (S16)', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const { index, amd64: first, arm64: second } = twoPlatforms()
    const signature = artifactOf(index.descriptor, 'signed')
    remote.push(index, name)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(index.descriptor, signature.descriptor)
    expect(await mirror([name], { referrers: true })).toMatchObject([{ upToDate: false }])
    const puts = registry.received('PUT').map((request) => request.split('/').at(-1))
    const blobs = new Set([index, signature].flatMap(allContent).map(({ descriptor }) => descriptor.digest))
    for (const { digest } of [first, second, index, signature].map((image) => image.descriptor))
      blobs.delete(digest)
    expect(puts.slice(0, blobs.size).sort()).toEqual([...blobs].sort())
    expect(puts.slice(blobs.size, blobs.size + 2).sort()).toEqual(
      [first.descriptor.digest, second.descriptor.digest].sort(),
    )
    expect(puts.slice(blobs.size + 2)).toEqual([index.descriptor.digest, signature.descriptor.digest, '1'])
  })

  it('has manifests that wait for all other content, and are done with the tag', async () => {
    const { remote, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    const events: string[] = []
    const onEvent = (event: MirrorEvent) => {
      if (event.type === 'object' && event.state !== 'downloading')
        events.push(`${event.desc.digest === image.descriptor.digest ? 'manifest' : 'blob'} ${event.state}`)
    }
    await mirror([name], { onEvent })
    expect(events[0]).toBe('manifest waiting')
    expect(events.at(-1)).toBe('manifest done')
    expect(events.filter((event) => event === 'blob done')).toHaveLength(image.blobs.length)
    events.length = 0
    await mirror([name], { onEvent })
    expect(events).toEqual(['manifest exists'])
  })

  it('costs a HEAD, a POST and a PUT for each blob, and a PUT for the tag', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    remote.push(image, name)
    await mirror([name])
    const blobs = image.blobs.map(({ descriptor }) => descriptor.digest)
    expect([...registry.requests].sort()).toEqual(
      [
        'HEAD m/a/manifests/1',
        ...blobs.flatMap((digest) => [
          `HEAD m/a/blobs/${digest}`,
          'POST m/a/blobs/uploads',
          `PUT m/a/blobs/${digest}`,
        ]),
        'PUT m/a/manifests/1',
      ].sort(),
    )
  })

  it('is visible only when complete: killed before any write, the tag is the old image (S16)', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const old = imageOf(['old'])
    const { index } = twoPlatforms()
    remote.push(old, name)
    await mirror([name])
    remote.push(index, name)
    registry.requests.length = 0
    let ends = 0
    for (let done = false; !done; ends++) {
      let before = ends
      registry.onRequest = (request) => {
        if (/^(PUT|POST)/.test(request) && before-- <= 0) throw new DistError('INTERNAL', 'killed')
      }
      const [outcome] = await mirror([name])
      done = outcome?.error === undefined
      expect(await registry.image('m/a', '1')).toBe((done ? index : old).descriptor.digest)
    }
    expect(ends).toBeGreaterThan(4)
  })

  it('costs one HEAD if nothing has changed', async () => {
    const { remote, registry, mirror } = newPushWorld()
    remote.push(twoPlatforms().index, name)
    await mirror([name])
    registry.requests.length = 0
    expect(await mirror([name])).toMatchObject([{ upToDate: true, fetched: { objects: 0 } }])
    expect(registry.requests).toEqual(['HEAD m/a/manifests/1'])
    expect(remote.resolutions.map(({ intent }) => intent)).toEqual(['manifest', 'compare'])
  })

  it('is put under the digest of its reference, or under both names', async () => {
    const { remote, registry, mirror } = newPushWorld()
    const image = imageOf(['x'])
    const { digest } = image.descriptor
    remote.push(image, name)
    await mirror([`registry.test/a@${digest}`])
    expect(registry.received('PUT m/a/manifests')).toEqual([`PUT m/a/manifests/${digest}`])
    await mirror([`registry.test/a:1@${digest}`])
    expect(await registry.image('m/a', '1')).toBe(digest)
  })

  it('gets no more requests after an abort', async () => {
    const { remote, registry, mirror } = newPushWorld()
    remote.push(twoPlatforms().index, name)
    const controller = new AbortController()
    registry.onRequest = (request) => {
      if (request.startsWith('PUT m/a/manifests')) controller.abort(new DistError('CANCELED', 'given up'))
    }
    const outcomes = await mirror([name], { signal: controller.signal })
    expect(outcomes).toMatchObject([{ error: errorOf('CANCELED') }])
    expect(registry.received('manifests/1')).toEqual(['HEAD m/a/manifests/1'])
  })
})

describe('an image that is checked part by part', () => {
  it('costs a HEAD for each part, and puts nothing if nothing is missing', async () => {
    const world = newPushWorld()
    const { index } = twoPlatforms()
    world.remote.push(index, name)
    await world.mirror([name])
    const { remote, registry } = world
    registry.requests.length = 0
    const checking = newPushWorld({ remote, registry, check: true })
    expect(await checking.mirror([name])).toMatchObject([{ upToDate: true, fetched: { objects: 0 } }])
    expect(writes(registry.requests)).toEqual([])
    expect(registry.received('HEAD')).toHaveLength(1 + allContent(index).length)
  })

  it('gets exactly what the registry has lost', async () => {
    const world = newPushWorld()
    const { index, amd64: image } = twoPlatforms()
    world.remote.push(index, name)
    await world.mirror([name])
    const { remote, registry } = world
    const lost = blobAt(image, 2)
    await registry.repository('m/a').blobs.delete(lost.digest)
    registry.repository('m/a').manifests.delete(image.descriptor.digest)
    registry.requests.length = 0
    const checking = newPushWorld({ remote, registry, check: true })
    expect(await checking.mirror([name])).toMatchObject([{ upToDate: false, fetched: { objects: 2 } }])
    expect(writes(registry.requests)).toEqual([
      'POST m/a/blobs/uploads',
      `PUT m/a/blobs/${lost.digest}`,
      `PUT m/a/manifests/${image.descriptor.digest}`,
      'PUT m/a/manifests/1',
    ])
  })
})

describe('a part of an index', () => {
  it('is refused by a registry that requires all manifests: the error says so, and the tag is not moved', async () => {
    const { remote, registry, mirror } = newPushWorld()
    remote.push(twoPlatforms().index, name)
    const [outcome] = await mirror([name], { platforms: amd64 })
    expect(outcome?.error).toEqual(errorOf('MALFORMED', 'MANIFEST_BLOB_UNKNOWN', 'names 1 more'))
    expect(await registry.image('m/a', '1')).toBeUndefined()
  })

  it('proves nothing about other parts: they are sent to a registry that accepts parts', async () => {
    const { remote, registry, mirror } = newPushWorld()
    registry.takesSparse = true
    const { index, arm64: image } = twoPlatforms()
    remote.push(index, name)
    await mirror([name], { platforms: amd64 })
    expect(await mirror([name], { platforms: arm64 })).toMatchObject([{ upToDate: false }])
    expect(await registry.image('m/a', image.descriptor.digest)).toBe(image.descriptor.digest)
    expect(await mirror([name], { platforms: [...amd64, ...arm64] })).toMatchObject([{ upToDate: true }])
  })

  it('keeps the error of a refusal for another reason', async () => {
    const { remote, registry, mirror } = newPushWorld()
    remote.push(twoPlatforms().index, name)
    const denied = new DistError('PERMISSION_DENIED', 'denied')
    registry.fail('PUT m/a/manifests/1', denied)
    expect(await mirror([name], { platforms: amd64 })).toMatchObject([{ error: denied }])
  })
})

describe('destinationOf', () => {
  const at = (text: string, host: string, repository = '') =>
    formatReference(destinationOf(parseReference(text), { host, repository }))

  it('keeps path, tag and digest below the prefix', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    expect(at('quay.io/team/app:1', 'registry.test', 'mirror')).toBe('registry.test/mirror/team/app:1')
    expect(at('alpine', 'registry.test', 'mirror')).toBe('registry.test/mirror/library/alpine:latest')
    expect(at(`quay.io/app:1@${digest}`, 'registry.test')).toBe(`registry.test/app:1@${digest}`)
  })

  it('is refused if the name would be too long', () => {
    const text = `quay.io/${'a'.repeat(200)}:1`
    expect(() => at(text, 'registry.test', 'b'.repeat(60))).toThrow(errorOf('INVALID_ARGUMENT', '255'))
  })
})
