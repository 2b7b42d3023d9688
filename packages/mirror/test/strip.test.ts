import { gather } from '@dist/content'
import { strippedSource } from '@dist/mirror'
import { parsePlatform } from '@dist/oci'
import { parseReference } from '@dist/reference'
import { attestedIndex, indexImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { errorOf } from './support/errors.js'
import { imageOf, twoPlatforms } from './support/images.js'
import { ScriptedRemote } from './support/remote.js'

const name = 'registry.test/a:1'
const reference = parseReference(name)
const arm64 = [parsePlatform('linux/arm64')]

function remoteWith(image: Parameters<ScriptedRemote['push']>[0]): ScriptedRemote {
  const remote = new ScriptedRemote()
  remote.push(image, name)
  return remote
}

describe('a stripped source', () => {
  it('keeps the wanted entries and all other members of an index, byte by byte the same each time', async () => {
    const resolved = await strippedSource(remoteWith(indexImage), arm64).resolve(reference)
    const again = await strippedSource(remoteWith(indexImage), arm64).resolve(reference)
    const original = JSON.parse(new TextDecoder().decode(indexImage.content))
    const index = JSON.parse(new TextDecoder().decode(resolved.content))
    expect(index).toEqual({
      ...original,
      manifests: original.manifests.filter(
        ({ platform }: { platform: { architecture: string } }) => platform.architecture === 'arm64',
      ),
    })
    expect(index.manifests).toHaveLength(1)
    expect(again.desc).toEqual(resolved.desc)
  })

  it('serves the index that it has made', async () => {
    const source = strippedSource(remoteWith(twoPlatforms().index), arm64)
    const { desc, content } = await source.resolve(reference)
    const { body } = await source.fetcher(reference).fetch(desc)
    expect(await gather(body, desc.size, 'index')).toEqual(content)
  })

  it('leaves an index without other platforms as it is, attestations included', async () => {
    const image = attestedIndex()
    const resolved = await strippedSource(remoteWith(image), [parsePlatform('linux/amd64')]).resolve(
      reference,
    )
    expect(resolved.desc.digest).toBe(image.descriptor.digest)
  })

  it('leaves a single manifest as it is', async () => {
    const image = imageOf(['x'])
    const { desc } = await strippedSource(remoteWith(image), arm64).resolve(reference)
    expect(desc.digest).toBe(image.descriptor.digest)
  })

  it('refuses an index with none of the platforms', async () => {
    const source = strippedSource(remoteWith(indexImage), [parsePlatform('linux/s390x')])
    await expect(source.resolve(reference)).rejects.toEqual(errorOf('NOT_FOUND', name, 'linux/s390x'))
  })
})
