import { type Descriptor, digestOf } from '@dist/oci'
import { parseReference } from '@dist/reference'
import { expect, it } from 'vitest'
import { imageOf } from '../../mirror/test/support/images.js'
import { ScriptedRemote } from '../../mirror/test/support/remote.js'
import { cachingSource } from '../src/image/manifests.js'

const reference = parseReference('registry.test/a:1')
const images = [imageOf(['one']), imageOf(['two']), imageOf(['three'])]

function world(limit: number) {
  const remote = new ScriptedRemote()
  for (const image of images) remote.push(image, 'registry.test/a:1')
  const source = cachingSource(remote, limit)
  const read = async (desc: Descriptor) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of (await source.fetcher(reference).fetch(desc)).body) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  return { remote, source, read }
}

const [first, second, third] = images.map((image) => image.descriptor) as [Descriptor, Descriptor, Descriptor]

it('a manifest that was read is not fetched again', async () => {
  const { remote, read } = world(1 << 20)
  for (const content of [await read(first), await read(first), await read(first)])
    expect(digestOf(content)).toBe(first.digest)
  expect(remote.fetchesOf(first)).toBe(1)
})

it('a manifest that came with the resolution is not fetched', async () => {
  const { remote, source, read } = world(1 << 20)
  const { desc } = await source.resolve(reference, { intent: 'manifest' })
  expect(digestOf(await read(desc))).toBe(third.digest)
  expect(remote.fetches).toEqual([])
})

it('a cached manifest does not change when the receiver changes its chunks', async () => {
  const { read } = world(1 << 20)
  await read(first)
  ;(await read(first)).fill(0)
  expect(digestOf(await read(first))).toBe(first.digest)
})

it('content with a wrong digest is passed on and not cached', async () => {
  const { remote, read } = world(1 << 20)
  remote.script(first, async ({ content }) => ({
    offset: 0,
    body: (async function* () {
      yield Buffer.from(content).fill(120)
    })(),
  }))
  expect(digestOf(await read(first))).not.toBe(first.digest)
  expect(digestOf(await read(first))).toBe(first.digest)
  expect(remote.fetchesOf(first)).toBe(2)
})

it('the cache is bounded: the least recently used content is dropped', async () => {
  const { remote, read } = world(first.size + second.size)
  for (const desc of [first, second, first, third, first, second]) await read(desc)
  expect([first, second, third].map((desc) => remote.fetchesOf(desc))).toEqual([1, 2, 1])
})
