import { readFileSync } from 'node:fs'
import { formatPlatform, hostPlatform } from '@dist/oci'
import {
  amd64Image,
  arm64Image,
  digestsOf,
  type FixtureImage,
  imageIndex,
  indexImage,
  ociImage,
  otherImage,
  ownImage,
  pushImage,
  tarLayer,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { rehash } from '../support/store-files.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const windowsImage = ociImage({
  layers: [tarLayer([{ path: 'Files/hello', content: 'hello\n' }])],
  platform: { os: 'windows', architecture: 'amd64' },
})
const wideImage = imageIndex([amd64Image, arm64Image, windowsImage])
const attestations = [ownImage, otherImage].map(attestationOf)
const attestedImage = imageIndex([ownImage, otherImage, ...attestations])

const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'app', 'index', indexImage)
  await pushImage(url, 'app', 'wide', wideImage)
  await pushImage(url, 'app', 'attested', attestedImage)
})
const workspace = useWorkspace()
const pull = (tag: string, ...options: string[]) =>
  workspace().dist(['pull', ...options, `${registry().host}/app:${tag}`])
const inspected = async () => jsonLines((await workspace().dist(['images', '--json'])).stdout)

/** As BuildKit adds them to an index. */
function attestationOf(subject: FixtureImage): FixtureImage {
  const digest = subject.descriptor.digest
  const image = ociImage({
    layers: [tarLayer([{ path: 'statement.json', content: digest }])],
    platform: { os: 'unknown', architecture: 'unknown' },
  })
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': digest,
  }
  return { ...image, descriptor: { ...image.descriptor, annotations } }
}

it('an index gives this machine’s platform alone, and is itself kept byte for byte', async () => {
  const ended = await pull('index')
  expect(ended).toMatchObject({
    code: 0,
    stdout: `${registry().host}/app:index ${indexImage.descriptor.digest}\n`,
  })
  expect(await rehash(workspace().store)).toEqual(
    [...digestsOf(ownImage), indexImage.descriptor.digest].sort(),
  )
  const path = (await workspace().dist(['path', '-n', indexImage.descriptor.digest])).stdout.trim()
  expect(readFileSync(path).equals(indexImage.content)).toBe(true)
  expect(await inspected()).toMatchObject([{ platforms: [formatPlatform(hostPlatform())], missing: [] }])
})

it('--platform given twice takes both and leaves the third', async () => {
  expect((await pull('wide', '--platform', 'linux/arm64', '--platform', 'windows/amd64')).code).toBe(0)
  expect(await rehash(workspace().store)).toEqual(
    [...digestsOf(arm64Image, windowsImage), wideImage.descriptor.digest].sort(),
  )
})

it('--all-platforms takes everything', async () => {
  expect((await pull('wide', '--all-platforms')).code).toBe(0)
  expect(await rehash(workspace().store)).toEqual(digestsOf(wideImage))
})

it('another spelling of a platform is the same platform', async () => {
  expect((await pull('index', '--platform', 'linux/aarch64')).code).toBe(0)
  expect((await pull('index', '--platform', 'linux/arm64/v8', '--json')).stdout).toContain('"upToDate":true')
})

it('a platform that is not offered: 3, it names what is, and nothing is published', async () => {
  const ended = await pull('wide', '--platform', 'linux/amd64', '--platform', 'linux/s390x')
  expect(ended).toMatchObject({ code: 3, stdout: '' })
  expect(ended.stderr).toContain('no manifest for linux/s390x')
  expect(ended.stderr).toContain('linux/amd64, linux/arm64, windows/amd64')
  expect(await inspected()).toEqual([])
})

it('attestations come with the platform that they are about, and only they', async () => {
  expect((await pull('attested')).code).toBe(0)
  const [own, other] = attestations as [FixtureImage, FixtureImage]
  const stored = await rehash(workspace().store)
  expect(stored).toEqual([...digestsOf(ownImage, own), attestedImage.descriptor.digest].sort())
  expect(stored).not.toContain(other.descriptor.digest)
})
