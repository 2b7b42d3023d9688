import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { ociImage, pushImage, singleImage, smallLayer } from '@dist/testkit/fixtures'
import { startFaultProxy } from '@dist/testkit/servers'
import { afterAll, expect, it } from 'vitest'
import { createS3Client } from '../../../packages/content-s3/src/client.js'
import { forFile, sharedGateway, useRegistry } from '../support/servers.js'
import { linesOf, useWorkspace } from '../support/workspace.js'

const layers = Array.from({ length: 30 }, (_, i) => smallLayer(`layer-${i}`))
const many = ociImage({ layers })
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'many', '1', many)
})
const workspace = useWorkspace()
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
const gateway = await sharedGateway()
const proxy = await forFile(startFaultProxy(gateway.endpoint))
const { endpoint, accessKey: accessKeyId, secretKey: secretAccessKey } = gateway
const client = createS3Client({ endpoint, pathStyle: true, credentials: { accessKeyId, secretAccessKey } })
afterAll(() => client.destroy())

const single = () => `${registry().host}/single:1`
const wide = () => `${registry().host}/many:1`
const dist = (prefix: string, ...args: string[]) =>
  workspace().dist(args, { env: { ...gateway.env, DIST_STORE: gateway.url(prefix, proxy.endpoint) } })

async function keysBelow(prefix: string): Promise<string[]> {
  const page = await client.send(new ListObjectsV2Command({ Bucket: gateway.bucket, Prefix: `${prefix}/` }))
  return (page.Contents ?? []).map(({ Key = '' }) => Key.slice(prefix.length + 1))
}

it('gc deletes many objects with one request, and leaves no note', async () => {
  await dist('gc', 'pull', single(), wide())
  await dist('gc', 'images', 'rm', wide())
  const before = proxy.requests().length
  const ended = await dist('gc', 'gc', '--grace', '0')
  expect(ended).toMatchObject({ code: 0 })
  expect(linesOf(ended.stdout)).toHaveLength(many.blobs.length + 1)
  const made = proxy.requests().slice(before)
  expect(made.filter(({ method, path }) => method === 'POST' && path.includes('delete'))).toHaveLength(1)
  expect(await dist('gc', 'verify')).toMatchObject({ code: 0 })
  const kept = (await keysBelow('gc')).filter((key) => !key.startsWith('blobs/'))
  expect(kept.map((key) => key.split('/')[0]).sort()).toEqual(['dist.json', 'names'])
})

it('verify --repair moves bad content aside and fetches it again', async () => {
  await dist('repair', 'pull', single(), wide())
  const layer = singleImage.blobs.at(-1)?.descriptor.digest ?? ''
  const lost = many.descriptor.digest
  const keyOf = (digest: string) => `repair/blobs/${digest.replace(':', '/')}`
  const Bucket = gateway.bucket
  await client.send(new PutObjectCommand({ Bucket, Key: keyOf(layer), Body: Buffer.from('bad') }))
  await client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(lost) }))
  const ended = await dist('repair', 'verify', '--repair')
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  expect(await dist('repair', 'verify')).toMatchObject({ code: 0 })
  expect(linesOf((await dist('repair', 'images', '-q')).stdout)).toEqual([wide(), single()].sort())
  const aside = (await keysBelow('repair')).filter((key) => key.startsWith('quarantine/'))
  expect(aside).toHaveLength(1)
  expect(aside[0]).toContain(layer.replace(':', '-'))
})
