import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { allContent, amd64Image, indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { beforeEach, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { usePulledStore, useWorkspace } from '../support/workspace.js'

const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
})
const workspace = useWorkspace()

usePulledStore(workspace, () => [
  '--all-platforms',
  ...['single', 'index'].map((name) => `${registry().host}/${name}:1`),
])
beforeEach(async () => {
  expect(await workspace().dist(['tag', `${registry().host}/single:1`, 'single:1'])).toMatchObject({
    code: 0,
  })
})

it('skopeo inspect reads an image of the store by its name', async () => {
  const { store } = workspace()
  const ended = await workspace().shell(`skopeo inspect oci:${store}:docker.io/library/single:1`)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(ended.stdout)).toMatchObject({
    Digest: singleImage.descriptor.digest,
    Architecture: 'amd64',
  })
})

it('skopeo copy takes an image out of the store, byte for byte', async () => {
  const { store, root } = workspace()
  const script = `skopeo --insecure-policy copy -q oci:${store}:docker.io/library/single:1 dir:${root}/copy`
  expect(await workspace().shell(script)).toMatchObject({ code: 0, stderr: '' })
  const digests = allContent(singleImage).map(({ descriptor }) => descriptor.digest.slice('sha256:'.length))
  const copied = readdirSync(join(root, 'copy')).filter((name) => /^[0-9a-f]{64}$/.test(name))
  expect(copied.sort()).toEqual(digests.filter((hex) => !singleImage.descriptor.digest.endsWith(hex)).sort())
})

it('skopeo chooses a platform of an index of the store', async () => {
  const name = `${registry().host}/index:1`
  const script = `skopeo --override-arch amd64 inspect --raw oci:${workspace().store}:${name} | jq -r '.manifests[0].digest'`
  expect((await workspace().shell(script)).stdout).toBe(`${amd64Image.descriptor.digest}\n`)
})

it('what skopeo copies into the store is there for us', async () => {
  const { store } = workspace()
  const script = `skopeo --insecure-policy copy -q oci:${store}:docker.io/library/single:1 oci:${store}:copied`
  expect(await workspace().shell(script)).toMatchObject({ code: 0, stderr: '' })
  const ended = await workspace().dist(['inspect', 'copied'])
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toContain(singleImage.descriptor.digest)
  expect(ended.stdout).not.toContain('missing')
  expect((await workspace().dist(['inspect', 'single:1'])).code).toBe(0)
})
