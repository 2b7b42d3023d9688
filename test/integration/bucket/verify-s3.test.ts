import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { parseS3Url } from '@dist/content-s3'
import {
  amd64Image,
  type FixtureBlob,
  indexImage,
  pushImage,
  seededBuffer,
  sharedLayer,
  singleImage,
} from '@dist/testkit/fixtures'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { createS3Client } from '../../../packages/content-s3/src/client.js'
import { sharedGateway, useRegistry } from '../support/servers.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushImage(url, 'amd64', '1', amd64Image)
})
const workspace = useWorkspace()
const gateway = await sharedGateway()
const client = createS3Client({ ...parseS3Url(gateway.url('')), credentials: gateway.credentials })
afterAll(() => client.destroy())
let prefixes = 0
let prefix = ''
beforeEach(async () => {
  prefix = `verify/${++prefixes}`
  const refs = ['single', 'index', 'amd64'].map(ref)
  expect(await dist('pull', '--platform', 'linux/amd64', ...refs)).toMatchObject({ code: 0 })
})

const dist = (...args: string[]) =>
  workspace().dist(args, { env: { ...gateway.env, DIST_STORE: gateway.url(prefix) } })
const ref = (name: string) => `${registry().host}/${name}:1`
const large = singleImage.blobs.at(-1) ?? sharedLayer

function objectOf({ descriptor }: Pick<FixtureBlob, 'descriptor'>) {
  const path = descriptor.digest.replace(':', '/')
  return { Bucket: gateway.bucket, Key: `${prefix}/blobs/${path}` }
}

const overwrite = (blob: Pick<FixtureBlob, 'descriptor'>, content: Uint8Array) =>
  client.send(new PutObjectCommand({ ...objectOf(blob), Body: content }))

it('a whole store in a bucket is right', async () => {
  const ended = await dist('verify')
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toMatch(/^9 objects \([\d.]+ MiB\) verified, 0 bad\n$/)
})

it('finds an object that was overwritten, and what is advised brings it back (S20)', async () => {
  await overwrite(sharedLayer, seededBuffer('other', sharedLayer.descriptor.size))
  const ended = await dist('verify')
  expect(ended.code).toBe(5)
  const { digest } = sharedLayer.descriptor
  expect(linesOf(ended.stdout)[0]).toMatch(
    new RegExp(`^${digest}  damaged: its bytes .*  needed by ${ref('amd64')}, ${ref('index')}$`),
  )
  expect((await dist('verify', ref('single'))).code).toBe(0)
  expect((await dist('delete', '--force', digest)).code).toBe(0)
  expect((await dist('pull', '--platform', 'linux/amd64', ref('index'), ref('amd64'))).code).toBe(0)
  expect((await dist('verify')).code).toBe(0)
})

it('finds objects that are shorter, and those that are gone', async () => {
  await overwrite(large, seededBuffer('short', 1000))
  await client.send(new DeleteObjectCommand(objectOf(amd64Image)))
  const ended = await dist('verify', '--json')
  expect(ended.code).toBe(5)
  const bad = jsonLines(ended.stdout)
  expect(bad.slice(0, -1)).toHaveLength(2)
  const { digest, size } = large.descriptor
  expect(bad).toContainEqual({
    digest,
    state: 'damaged',
    size,
    found: { size: 1000, digest: expect.stringMatching(/^sha256:/) },
    code: 'FAILED_PRECONDITION',
    images: [ref('single')],
  })
  expect(bad).toContainEqual({
    digest: amd64Image.descriptor.digest,
    state: 'missing',
    size: amd64Image.descriptor.size,
    code: 'NOT_FOUND',
    images: [ref('amd64'), ref('index')],
  })
})
