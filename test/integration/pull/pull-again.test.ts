import {
  digestsOf,
  indexImage,
  ociImage,
  otherImage,
  ownImage,
  pushImage,
  singleImage,
  tarLayer,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { getsByDigest, newRequests } from '../support/requests.js'
import { useRegistry } from '../support/servers.js'
import { rehash } from '../support/store-files.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const twenty = Array.from({ length: 20 }, (_, i) => `many-${i}`)
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'app', 'single', singleImage)
  await pushImage(url, 'app', 'index', indexImage)
  for (const name of twenty)
    await pushImage(url, name, '1', ociImage({ layers: [tarLayer([{ path: 'name', content: name }])] }))
})
const workspace = useWorkspace()
const pull = (names: string[], ...options: string[]) =>
  workspace().dist(['pull', ...options, ...names.map((name) => `${registry().host}/${name}`)])
const published = async () => jsonLines((await workspace().dist(['images', '--json'])).stdout)

it.each(['single', 'index'])(
  'a second pull of %s is one HEAD of its tag and no other request of content',
  async (tag) => {
    await pull([`app:${tag}`])
    await newRequests(registry())
    const ended = await pull([`app:${tag}`])
    expect(ended.code).toBe(0)
    expect(ended.stderr).toContain('up to date')
    expect(await newRequests(registry())).toMatchObject([
      { method: 'HEAD', path: `/v2/app/manifests/${tag}` },
    ])
  },
)

it('a second pull of twenty images is twenty HEADs', async () => {
  const names = twenty.map((name) => `${name}:1`)
  expect((await pull(names)).code).toBe(0)
  await newRequests(registry())
  const ended = await pull(names, '--json')
  expect(jsonLines(ended.stdout)).toHaveLength(20)
  for (const outcome of jsonLines(ended.stdout))
    expect(outcome).toMatchObject({ upToDate: true, fetched: { objects: 0, bytes: 0 } })
  const requests = await newRequests(registry())
  expect(requests.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
    twenty.map((name) => `HEAD /v2/${name}/manifests/1`).sort(),
  )
})

it('a stored digest costs no request', async () => {
  const name = `app@${singleImage.descriptor.digest}`
  await pull([name])
  await newRequests(registry())
  expect((await pull([name])).stderr).toContain('up to date')
  expect(await newRequests(registry())).toEqual([])
})

it('a layer that was deleted is fetched again, and nothing else', async () => {
  await pull(['app:single'])
  const layer = singleImage.blobs[1]?.descriptor.digest ?? ''
  expect((await workspace().dist(['delete', '--force', layer])).code).toBe(0)
  expect(await published()).toEqual([])
  await newRequests(registry())
  expect((await pull(['app:single'])).code).toBe(0)
  const gets = getsByDigest(await newRequests(registry()))
  expect([...gets]).toEqual([[layer, 1]])
  expect(await rehash(workspace().store)).toEqual(digestsOf(singleImage))
  expect(await published()).toHaveLength(1)
})

it('a layer whose file was removed behind the store’s back is fetched again', async () => {
  await pull(['app:single'])
  const layer = singleImage.blobs[1]?.descriptor.digest ?? ''
  const { stdout } = await workspace().dist(['path', '-n', layer])
  await workspace().shell(`rm ${stdout.trim()}`)
  expect((await pull(['app:single'])).code).toBe(0)
  expect(await rehash(workspace().store)).toEqual(digestsOf(singleImage))
})

it('another platform is added to what was selected before', async () => {
  await pull(['app:index'])
  await newRequests(registry())
  const { os, architecture } = otherImage.descriptor.platform ?? { os: '', architecture: '' }
  expect((await pull(['app:index'], '--platform', `${os}/${architecture}`)).code).toBe(0)
  const own = new Set(digestsOf(ownImage))
  const asked = [...getsByDigest(await newRequests(registry())).keys()].sort()
  expect(asked).toEqual(digestsOf(otherImage).filter((digest) => !own.has(digest)))
  expect(await rehash(workspace().store)).toEqual(digestsOf(indexImage))
  expect((await published())[0]?.platforms).toEqual(['linux/amd64', 'linux/arm64'])
  const again = await pull(['app:index'])
  expect(linesOf(again.stderr).at(-1)).toMatch(/up to date$/)
})

it('a tag that moved brings the new image, and the old content stays', async () => {
  const [before, after] = ['before', 'after'].map((content) =>
    ociImage({ layers: [tarLayer([{ path: 'f', content }])] }),
  ) as [typeof singleImage, typeof singleImage]
  await pushImage(registry().url, 'moving', 'latest', before)
  await pull(['moving'])
  await pushImage(registry().url, 'moving', 'latest', after)
  expect((await pull(['moving'])).stdout).toContain(after.descriptor.digest)
  expect(await published()).toMatchObject([{ digest: after.descriptor.digest, missing: [] }])
  expect(await rehash(workspace().store)).toEqual(digestsOf(before, after))
})
