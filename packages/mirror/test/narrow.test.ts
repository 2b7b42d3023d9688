import { requestForRegistry } from '@dist/mirror'
import { parsePlatform } from '@dist/oci'
import { parseReference } from '@dist/reference'
import { imageIndex } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { flipped } from './support/faults.js'
import { imageOf, twoPlatforms } from './support/images.js'
import { artifactOf, newPushWorld } from './support/pushing.js'
import { ScriptedRemote } from './support/remote.js'

const name = 'registry.test/a:1'
const reference = parseReference(name)
const arm64 = parsePlatform('linux/arm64')

describe('a source for one platform', () => {
  it("resolves an index to that platform's manifest", async () => {
    const remote = new ScriptedRemote()
    const { index, arm64: image } = twoPlatforms()
    remote.push(index, name)
    const { desc } = await requestForRegistry(remote, [arm64]).source.resolve(reference)
    expect(desc.digest).toBe(image.descriptor.digest)
  })

  it('does not fetch an index again that resolving has read', async () => {
    const remote = new ScriptedRemote()
    remote.push(twoPlatforms().index, name)
    const resolved = await requestForRegistry(remote, [arm64]).source.resolve(reference, {
      intent: 'manifest',
    })
    expect(remote.fetches).toEqual([])
    expect(resolved.content).toBeUndefined()
  })

  it('resolves a single manifest of any platform to itself, with its content', async () => {
    const remote = new ScriptedRemote()
    const image = imageOf(['x'])
    remote.push(image, name)
    const resolved = await requestForRegistry(remote, [arm64]).source.resolve(reference, {
      intent: 'manifest',
    })
    expect(resolved).toMatchObject({ desc: { digest: image.descriptor.digest } })
    expect(resolved.content).toEqual(image.content)
  })

  it('names the platforms of an index that lacks the requested one', async () => {
    const remote = new ScriptedRemote()
    remote.push(twoPlatforms().index, name)
    await expect(
      requestForRegistry(remote, [parsePlatform('linux/s390x')]).source.resolve(reference),
    ).rejects.toEqual(errorOf('NOT_FOUND', name, 'linux/s390x', 'the index has linux/amd64, linux/arm64'))
  })

  it('refuses an index that does not match its digest, and names the host', async () => {
    const remote = new ScriptedRemote()
    const { index } = twoPlatforms()
    remote.push(index, name)
    remote.script(index.descriptor, flipped, flipped)
    await expect(requestForRegistry(remote, [arm64]).source.resolve(reference)).rejects.toEqual(
      errorOf('FAILED_PRECONDITION', index.descriptor.digest, 'registry.test'),
    )
  })

  it('sends that manifest alone, with its referrers', async () => {
    const remote = new ScriptedRemote()
    const { index, amd64, arm64: image } = twoPlatforms()
    const signature = artifactOf(image.descriptor, 'signature')
    remote.push(index, name)
    remote.push(signature, 'registry.test/a:sig')
    remote.refer(image.descriptor, signature.descriptor)
    const { registry, mirror } = newPushWorld({ source: requestForRegistry(remote, [arm64]).source })
    await mirror([name], { referrers: true })
    expect(await registry.image('m/a', '1')).toBe(image.descriptor.digest)
    expect(await registry.image('m/a', signature.descriptor.digest)).toBe(signature.descriptor.digest)
    for (const { descriptor } of [index, amd64]) expect(registry.received(descriptor.digest)).toEqual([])
  })

  it('sends it if the whole index is published under the same name', async () => {
    const remote = new ScriptedRemote()
    const { index, arm64: image } = twoPlatforms()
    remote.push(index, name)
    const whole = newPushWorld({ remote })
    const pinned = `${name}@${index.descriptor.digest}`
    await whole.mirror([pinned])
    const { registry } = whole
    const { mirror } = newPushWorld({ registry, source: requestForRegistry(remote, [arm64]).source })
    expect(await mirror([pinned])).toMatchObject([{ upToDate: false }])
    expect(await registry.image('m/a', '1')).toBe(image.descriptor.digest)
  })

  it('costs a HEAD of the tag if nothing has changed', async () => {
    const remote = new ScriptedRemote()
    remote.push(imageIndex([imageOf(['x'], 'linux/arm64')]), name)
    const { registry, mirror } = newPushWorld({ source: requestForRegistry(remote, [arm64]).source })
    await mirror([name])
    registry.requests.length = 0
    expect(await mirror([name])).toMatchObject([{ upToDate: true }])
    expect(registry.requests).toEqual(['HEAD m/a/manifests/1'])
  })
})
