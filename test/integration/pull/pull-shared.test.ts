import {
  digestsOf,
  imageIndex,
  largeImage,
  ociImage,
  pushImage,
  seededLayer,
  tarLayer,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { getsByDigest, newRequests } from '../support/requests.js'
import { useRegistry } from '../support/servers.js'
import { leftovers, rehash } from '../support/store-files.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const shared = [1, 2, 3].map((i) => seededLayer(`shared-${i}`, 2_000_000))
const images = Array.from({ length: 6 }, (_, i) =>
  ociImage({ layers: [...shared, tarLayer([{ path: 'own', content: `${i}` }])] }),
)
const twice = ociImage({ layers: [shared[0], shared[1], shared[0]] as typeof shared })
const registry = useRegistry(async ({ url }) => {
  for (const [i, image] of images.entries()) await pushImage(url, 'app', `${i}`, image)
  await pushImage(url, 'app', 'twice', twice)
  await pushImage(url, 'app', 'all', imageIndex(images))
  await pushImage(url, 'app', 'large', largeImage())
})
const workspace = useWorkspace()
const references = (...tags: string[]) => tags.map((tag) => `${registry().host}/app:${tag}`)
const everyTag = images.map((_, i) => `${i}`)

async function askedOnceEach(): Promise<string[]> {
  const gets = getsByDigest(await newRequests(registry()))
  expect([...gets].filter(([, count]) => count !== 1)).toEqual([])
  return [...gets.keys()].sort()
}

it('images that share layers: each blob is requested once', async () => {
  await newRequests(registry())
  const ended = await workspace().dist(['pull', '--json', ...references(...everyTag)])
  expect(ended.code).toBe(0)
  expect(jsonLines(ended.stdout).map(({ name }) => name)).toEqual(references(...everyTag))
  const blobs = digestsOf(...images).filter((digest) => images.every((i) => i.descriptor.digest !== digest))
  expect(await askedOnceEach()).toEqual(blobs)
  expect(await rehash(workspace().store)).toEqual(digestsOf(...images))
})

it('R16 a layer that an image has twice is requested once', async () => {
  await newRequests(registry())
  expect((await workspace().dist(['pull', ...references('twice')])).code).toBe(0)
  await askedOnceEach()
  expect(await rehash(workspace().store)).toEqual(digestsOf(twice))
})

it('one reference given twice is pulled once', async () => {
  await newRequests(registry())
  expect((await workspace().dist(['pull', ...references('0', '0')])).code).toBe(0)
  await askedOnceEach()
})

it.each([
  ['six images', everyTag, images],
  ['a large one, with threads', ['large'], [largeImage()]],
])(
  'Q5 two processes pull %s into one store: both succeed, each blob is requested once',
  async (_, tags, whole) => {
    await newRequests(registry())
    const args = ['pull', '--json', ...references(...tags)]
    const both = await Promise.all([workspace().dist(args), workspace().dist(args)])
    expect(both.map(({ code, stderr }) => ({ code, stderr: stderr.includes('dist: ') }))).toEqual([
      { code: 0, stderr: false },
      { code: 0, stderr: false },
    ])
    const manifests = new Set(whole.map((image) => image.descriptor.digest as string))
    const gets = getsByDigest(await newRequests(registry()))
    expect([...gets].filter(([digest, count]) => count > 1 && !manifests.has(digest))).toEqual([])
    expect(await rehash(workspace().store)).toEqual(digestsOf(...whole))
    expect(await leftovers(workspace().store)).toEqual([])
  },
)
