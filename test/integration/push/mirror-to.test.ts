import { existsSync, readFileSync } from 'node:fs'
import { startRegistry } from '@dist/testkit'
import {
  arm64Image,
  artifactOf,
  indexImage,
  ociImage,
  pushImage,
  seededLayer,
  singleImage,
} from '@dist/testkit/fixtures'
import { freePort, type LoggedRequest } from '@dist/testkit/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPushed } from '../support/expect-pushed.js'
import { requestsFor } from '../support/requests.js'
import { useRegistry } from '../support/servers.js'
import { type Ended, inOrder, jsonLines, useWorkspace, Workspace } from '../support/workspace.js'

const shared = seededLayer('shared by many', 200_000)
const many = [...Array(10).keys()].map((i) => ociImage({ layers: [shared, seededLayer(`own ${i}`, 1000)] }))
const sharedDigest = shared.descriptor.digest

const source = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  for (const [i, image] of many.entries()) await pushImage(url, `many/${i}`, '1', image)
})
const registry = useRegistry()
const workspace = useWorkspace()

let prefixes = 0
const fresh = () => `fresh-${++prefixes}`
const from = (name: string) => `${source().host}/${name}`
const manyRefs = () => many.map((_, i) => from(`many/${i}:1`))

async function requests(prefix: string) {
  await registry().settled()
  const all = registry().requests()
  registry().clearRequests()
  return all.filter(({ path }) => path.startsWith(`/v2/${prefix}/`))
}

describe('a mirror of many images to a registry', () => {
  const prefix = fresh()
  const workspace = new Workspace()
  afterAll(() => workspace.remove())
  const to = () => `${registry().host}/${prefix}`
  let first: Ended
  let again: Ended
  let sent: readonly LoggedRequest[]
  let asked: readonly LoggedRequest[]

  beforeAll(async () => {
    const args = ['mirror', '--to', to(), from('index:1'), ...manyRefs()]
    first = await workspace.dist(args)
    sent = await requests(prefix)
    again = await workspace.dist(args)
    asked = await requests(prefix)
  })

  it('copies images below a prefix, shared blobs once, and keeps no local copy', async () => {
    expect(first).toMatchObject({ code: 0 })
    expect(first.stdout).toMatch(/^11 images: 11 done; sent \d+ objects/m)
    expect(existsSync(workspace.store)).toBe(false)
    await source().settled()
    const gets = source()
      .requests()
      .filter(({ method, path }) => method === 'GET' && path.endsWith(`/blobs/${sharedDigest}`))
    expect(gets).toHaveLength(1)
    const mounts = sent.filter(({ path }) => path.includes(`mount=${encodeURIComponent(sharedDigest)}`))
    expect(mounts.map(({ method, status }) => `${method} ${status}`)).toEqual(Array(9).fill('POST 201'))
    await expectPushed(`${to()}/index:1`, indexImage)
    for (const [i, image] of many.entries()) await expectPushed(`${to()}/many/${i}:1`, image)
  })

  it('costs one HEAD at the destination for each image the second time', () => {
    expect(again.stdout).toMatch(/^11 images: 11 done \(11 up to date\); sent 0 objects/m)
    expect(asked.map(({ method }) => method)).toEqual(Array(11).fill('HEAD'))
  })
})

it('some that fail: 6, the report names each, and the others arrive', async () => {
  const prefix = fresh()
  const report = `${workspace().root}/report.jsonl`
  const args = ['--report', report, '--to', `${registry().host}/${prefix}`]
  const asked = [from('single:1'), from('none:1')]
  const ended = await workspace().dist(['mirror', ...args, ...asked])
  expect(ended.code).toBe(6)
  expect(inOrder(jsonLines<{ name: string }>(readFileSync(report, 'utf8')), asked)).toMatchObject([
    { name: from('single:1'), state: 'done', digest: singleImage.descriptor.digest },
    { name: from('none:1'), state: 'failed', code: 'NOT_FOUND' },
  ])
  await expectPushed(`${registry().host}/${prefix}/single:1`, singleImage)
})

it('a registry without a path is a prefix, too; a reference by digest keeps its digest', async () => {
  const { digest } = indexImage.descriptor
  await using upstream = await startRegistry()
  const repository = fresh()
  upstream.content.putImage(repository, '1', indexImage)
  const ref = `${upstream.host}/${repository}@${digest}`
  expect(await workspace().dist(['mirror', '--to', registry().host, ref])).toMatchObject({ code: 0 })
  await expectPushed(`${registry().host}/${repository}@${digest}`, indexImage)
})

it('of one platform only the manifest is copied, also when the reference has the digest of the index', async () => {
  const { digest } = indexImage.descriptor
  for (const object of [':1', `:1@${digest}`]) {
    const to = `${registry().host}/${fresh()}`
    const args = ['mirror', '--json', '--platform', 'linux/arm64', '--to', to, from(`index${object}`)]
    const ended = await workspace().dist(args)
    expect(jsonLines(ended.stdout)).toMatchObject([{ state: 'done', digest: arm64Image.descriptor.digest }])
    await expectPushed(`${to}/index:1`, arm64Image)
    expect(jsonLines((await workspace().dist(args)).stdout)).toMatchObject([{ upToDate: true }])
  }
})

it('referrers of images are copied with them', async () => {
  await using upstream = await startRegistry({ referrers: 100 })
  const signature = artifactOf(indexImage, 'signature')
  upstream.content.putImage('app', '1', indexImage)
  upstream.content.putImage('app', signature.descriptor.digest, signature)
  const to = `${registry().host}/${fresh()}`
  expect(await workspace().dist(['mirror', '--to', to, `${upstream.host}/app:1`])).toMatchObject({ code: 0 })
  await expectPushed(`${to}/app@${signature.descriptor.digest}`, signature)
})

it.each([
  ['a scheme', 'http://registry.test/m'],
  ['a tag', 'registry.test/m:1'],
  ['no host', 'mirror'],
])('2: an invalid prefix (%s)', async (_, to) => {
  expect(await workspace().dist(['mirror', '--to', to, from('single:1')])).toMatchObject({ code: 2 })
})

it('1: a destination that refuses connections', async () => {
  const to = `127.0.0.1:${await freePort()}/m`
  const ended = await workspace().dist(['mirror', '--to', to, from('single:1')])
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain(to.split('/')[0])
})

it('an interrupted run (130) leaves no tag, and the next one copies the rest', async () => {
  const prefix = fresh()
  const to = `${registry().host}/${prefix}`
  await using upstream = await startRegistry()
  upstream.content.putImage('app', '1', singleImage)
  const layer = singleImage.blobs.at(-1)?.descriptor.digest ?? ''
  upstream.script({ path: `/blobs/${layer}` }, () => new Promise(() => {}), { times: 1 })
  const running = workspace().start(['mirror', '--to', to, `${upstream.host}/app:1`])
  await upstream.requested({ path: `/blobs/${layer}` })
  running.child.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130 })
  expect((await fetch(`${registry().url}/v2/${prefix}/app/manifests/1`)).status).toBe(404)
  expect(await workspace().dist(['mirror', '--to', to, `${upstream.host}/app:1`])).toMatchObject({ code: 0 })
  await expectPushed(`${to}/app:1`, singleImage)
  expect(await requestsFor(registry(), `${prefix}/app`)).toContain('PUT manifests/1 201')
})
