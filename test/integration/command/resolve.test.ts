import { imageIndex, indexImage, ociImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'team/app', '1.0', singleImage)
  await pushImage(url, 'team/app', 'latest', indexImage)
  await pushImage(url, 'empty', 'latest', imageIndex([ociImage({ layers: [] })]))
})
const workspace = useWorkspace()

it('prints name, media type, digest and size', async () => {
  const { mediaType, digest, size } = singleImage.descriptor
  const ended = await workspace().dist(['resolve', `${registry().host}/team/app:1.0`])
  expect(ended).toMatchObject({
    code: 0,
    stderr: '',
    stdout: `${registry().host}/team/app:1.0 ${mediaType} ${digest} ${size}\n`,
  })
})

it('without a tag means latest', async () => {
  const { stdout } = await workspace().dist(['resolve', '--json', `${registry().host}/team/app`])
  const { mediaType, digest, size } = indexImage.descriptor
  expect(jsonLines(stdout)).toEqual([{ name: `${registry().host}/team/app:latest`, mediaType, digest, size }])
})

it('takes a digest, of a manifest or of a blob', async () => {
  for (const { digest, size } of [
    singleImage.descriptor,
    ...singleImage.blobs.map((blob) => blob.descriptor),
  ]) {
    const ended = await workspace().dist(['resolve', `${registry().host}/team/app@${digest}`])
    expect(ended.stdout).toContain(` ${digest} ${size}\n`)
  }
})

it('asks by HEAD alone, and stores nothing', async () => {
  await registry().settled()
  registry().clearRequests()
  await workspace().dist(['resolve', `${registry().host}/empty`])
  await registry().settled()
  expect(registry().requests()).toMatchObject([{ method: 'HEAD', path: '/v2/empty/manifests/latest' }])
  expect((await workspace().dist(['list', '-q'])).stdout).toBe('')
})

it('-v logs the requests on stderr', async () => {
  const ended = await workspace().dist(['resolve', '-v', `${registry().host}/empty`])
  expect(ended.stderr).toMatch(
    new RegExp(`^HEAD http://${registry().host}/v2/empty/manifests/latest 200 \\d+ms `),
  )
})
