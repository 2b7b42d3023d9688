import { startRegistry } from '@dist/testkit'
import { artifactOf, type FixtureImage, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { mirrorText } from '../support/mirror-text.js'
import { namesIn } from '../support/store-files.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

const images = [0, 1, 2].map((i) => ociImage({ layers: [seededLayer(`image ${i}`, 500)] }))
const [first, second] = images as [FixtureImage, FixtureImage]
const signature = artifactOf(first, 'a signature')
const cosigned = ociImage({ layers: [seededLayer('signed by cosign', 300)] })
const cosignTag = `${second.descriptor.digest.replace(':', '-')}.sig`

/** A registry with three images, with or without the referrers API. */
async function upstream(referrers: number | undefined) {
  const registry = await startRegistry(referrers === undefined ? {} : { referrers })
  for (const [i, image] of images.entries()) registry.content.putImage('app', `v${i}`, image)
  const paths = () =>
    registry.requests
      .splice(0)
      .map(({ method, path }) => `${method} ${path.replace('/v2/app/', '').replace(/sha256.*/, '...')}`)
      .sort()
  const sign = () => {
    registry.content.putImage('app', signature.descriptor.digest, signature)
    registry.content.putImage('app', cosignTag, cosigned)
  }
  return { registry, paths, sign, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() }
}

const heads = images.map((_, i) => `HEAD manifests/v${i}`)
const textOf = (host: string, more = '') => `version: 1\nmirrors: [{ from: ${host}/app, tags: all${more} }]`
const names = () => namesIn(workspace().store)

it('brings what refers to its images; within referrers-fresh-for an unchanged tag costs its HEAD, then one request more', async () => {
  await using upstreamed = await upstream(100)
  const { registry, paths, sign } = upstreamed
  await mirrorText(workspace(), textOf(registry.host))
  sign()
  paths()
  await mirrorText(workspace(), textOf(registry.host))
  expect(paths()).toEqual(['GET tags/list', ...heads])
  const { lines } = await mirrorText(workspace(), textOf(registry.host, ', referrers-fresh-for: 0h'))
  expect(lines.filter(({ upToDate }) => !upToDate)).toHaveLength(2)
  expect(await names()).toContain(`${registry.host}/app:${cosignTag}`)
  paths()
  await mirrorText(workspace(), textOf(registry.host, ', referrers-fresh-for: 0h'))
  expect(paths()).toEqual([
    ...images.map(() => 'GET referrers/...'),
    'GET tags/list',
    // The tag of cosign.
    'HEAD manifests/...',
    ...heads,
  ])
})

it('where there is no API, the listing that selects the tags shows the signatures, too', async () => {
  await using upstreamed = await upstream(undefined)
  const { registry, paths, sign } = upstreamed
  sign()
  await mirrorText(workspace(), textOf(registry.host))
  expect(await names()).toHaveLength(4)
  const asked = paths()
  expect(asked.filter((path) => path === 'GET tags/list')).toHaveLength(1)
  expect(asked.filter((path) => path === 'HEAD manifests/...')).toHaveLength(1)
  expect((await workspace().dist(['images', '-q'])).stdout.trim().split('\n')).toHaveLength(3)
})

it('brings none with referrers: false, unless a flag asks for them', async () => {
  await using upstreamed = await upstream(100)
  const { registry, paths, sign } = upstreamed
  sign()
  const text = textOf(registry.host, ', referrers: false')
  await mirrorText(workspace(), text)
  expect(paths().filter((path) => path.includes('...') && path.includes('referrers'))).toEqual([])
  expect(await names()).toHaveLength(3)
  await mirrorText(workspace(), text, ['--referrers'])
  expect(await names()).toHaveLength(4)
})
