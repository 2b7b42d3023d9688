import { readdirSync } from 'node:fs'
import { digestsOf, indexImage, ociImage, pushImage, seededLayer, tarLayer } from '@dist/testkit/fixtures'
import { beforeEach, expect, it } from 'vitest'
import { sharedGateway, useRegistry } from '../support/servers.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

// A layer of more than 8 MiB: a write into a bucket needs its digest.
const largeImage = ociImage({
  layers: [tarLayer([{ path: 'etc/motd', content: 'large\n' }]), seededLayer('archive-s3', 20 * 1024 * 1024)],
})
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'large', '1', largeImage)
  await pushImage(url, 'index', '1', indexImage)
})
const workspace = useWorkspace()
const ref = (name: string) => `${registry().host}/${name}`
const gateway = await sharedGateway()

let prefixes = 0
let bucket = ''
beforeEach(() => {
  bucket = gateway.url(`archives/${++prefixes}`)
})
const env = () => ({
  ...gateway.env,
  BUCKET: bucket,
})
const shell = (script: string) => workspace().shell(script, { env: env() })
const digestsIn = async () => linesOf((await shell('dist list -q --store "$BUCKET"')).stdout).sort()

it('an archive is imported into a bucket, and its export has the same digests', async () => {
  await shell(`dist pull -v --all-platforms ${ref('large:1')} ${ref('index:1')}`)
  await shell(`dist export -o one.tar ${ref('large:1')} ${ref('index:1')}`)
  const ended = await shell('dist import --store "$BUCKET" one.tar')
  expect(ended.code, ended.stderr).toBe(0)
  expect(await digestsIn()).toEqual(digestsOf(largeImage, indexImage))
  const again = await shell(
    `dist export --store "$BUCKET" ${ref('large:1')} ${ref('index:1')} | cmp - one.tar`,
  )
  expect(again).toMatchObject({ code: 0, stdout: '' })
})

it('the layers of a docker archive are spooled to files first, which are removed', async () => {
  const copy = `skopeo --insecure-policy copy -q --src-tls-verify=false docker://${ref('large:1')}`
  expect(await shell(`${copy} docker-archive:in.tar:app:1`)).toMatchObject({ code: 0 })
  const before = readdirSync(workspace().root)
  const ended = await shell('dist import --json --store "$BUCKET" - < in.tar')
  expect(ended.code, ended.stderr).toBe(0)
  expect(jsonLines(ended.stdout)).toMatchObject([{ name: 'docker.io/library/app:1', selection: 'all' }])
  const diffIDs = [largeImage.blobs[0]?.descriptor.digest, ...largeDiffIDs]
  for (const digest of diffIDs) expect(await digestsIn()).toContain(digest)
  expect(readdirSync(workspace().root)).toEqual(before)
  const images = jsonLines((await shell('dist images --json --store "$BUCKET"')).stdout)
  expect(images).toMatchObject([{ missing: [] }])
})

it('what a bad archive has added to a bucket is deleted again', async () => {
  await shell(`dist pull ${ref('large:1')}`)
  await shell(`dist export -o one.tar ${ref('large:1')}; truncate -s -700 one.tar`)
  expect((await shell('dist import --store "$BUCKET" one.tar')).code).toBe(1)
  expect(await digestsIn()).toEqual([''])
  expect((await shell('dist active --json --store "$BUCKET"')).stdout).toBe('')
})

const largeDiffIDs = JSON.parse(Buffer.concat([...(largeImage.blobs[0]?.open() ?? [])]).toString()).rootfs
  .diff_ids as string[]
