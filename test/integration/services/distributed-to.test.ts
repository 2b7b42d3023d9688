import { randomUUID } from 'node:crypto'
import { digestOf } from '@dist/oci'
import {
  allContent,
  type FixtureImage,
  imageIndex,
  ociImage,
  pushImage,
  tarLayer,
} from '@dist/testkit/fixtures'
import { startRedis } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { endOf } from '../support/queue-client.js'
import { forFile, forTest, useRegistry } from '../support/servers.js'
import { startServices } from '../support/services-queue.js'
import { jsonLines, Workspace } from '../support/workspace.js'

const count = 12
const layer = (name: string) => tarLayer([{ path: `etc/${name}`, content: `${name}\n`.repeat(200) }])
const base = layer('base')
/** Every image has a layer of its own and one that all have; every fourth is an index. */
const images = [...Array(count).keys()].map((i): FixtureImage => {
  const image = ociImage({ layers: [base, layer(`own-${i}`)] })
  const arm = () =>
    ociImage({ layers: [base, layer(`arm-${i}`)], platform: { os: 'linux', architecture: 'arm64' } })
  return i % 4 === 0 ? imageIndex([image, arm()]) : image
})

const source = useRegistry(async ({ url }) => {
  for (const [i, image] of images.entries()) await pushImage(url, `team/${i}`, '1', image)
})
const destination = useRegistry()
const workspace = new Workspace()
afterAll(() => workspace.remove())
const redis = await forFile(startRedis())
const queue = await forFile(openQueue(redis.url, {}))
beforeAll(async () => void (await startServices(workspace, redis.url)))
beforeEach(() => {
  source().clearRequests()
  destination().clearRequests()
})

const references = () => images.map((_, i) => `${source().host}/team/${i}:1`)
const dist = (args: readonly string[], url = redis.url) => workspace.dist(args, { env: { DIST_QUEUE: url } })

/** The image is at the destination under its tag, and every byte below it is right. */
async function expectWhole(repository: string, tag: string, image: FixtureImage): Promise<void> {
  const url = `${destination().url}/v2/${repository}`
  const accept = { headers: { accept: image.descriptor.mediaType } }
  const tagged = await fetch(`${url}/manifests/${tag}`, accept)
  expect(digestOf(Buffer.from(await tagged.arrayBuffer()))).toBe(image.descriptor.digest)
  for (const { descriptor } of allContent(image)) {
    const kind = descriptor.mediaType.includes('manifest') || descriptor.mediaType.includes('index')
    const path = `${url}/${kind ? 'manifests' : 'blobs'}/${descriptor.digest}`
    const answer = await fetch(path, { headers: { accept: descriptor.mediaType } })
    expect(digestOf(Buffer.from(await answer.arrayBuffer())), path).toBe(descriptor.digest)
  }
}

async function asked(registry: typeof source, method: string, text: string): Promise<string[]> {
  await registry().settled()
  const requests = registry().requests()
  return requests.filter((each) => each.method === method && each.path.includes(text)).map(({ path }) => path)
}

it('images that share layers go from registry to registry, each blob read once; a second run does nothing', async () => {
  const second = workspace.start(['worker', '--queue', redis.url, '--listen', '127.0.0.1:0'])
  await second.said('"ready"')
  const prefix = `mirror-${randomUUID()}`
  const to = `${destination().host}/${prefix}`
  const first = await dist(['mirror', '--to', to, ...references()])
  expect(first).toMatchObject({ code: 0 })
  expect(first.stdout).toMatch(new RegExp(`^${count} images: ${count} done; sent`, 'm'))
  for (const [i, image] of images.entries()) await expectWhole(`${prefix}/team/${i}`, '1', image)
  const read = (await asked(source, 'GET', '/blobs/')).map((path) => path.split('/').at(-1))
  expect(new Set(read).size).toBe(read.length)
  const runs = jsonLines((await dist(['runs', '--json'])).stdout)
  expect(runs[0]).toMatchObject({ kind: 'mirror', state: 'done', to, store: '' })
  expect((await dist(['status'])).stdout).toMatch(new RegExp(`^to +${to}$`, 'm'))
  expect(
    (await workspace.dist(['list'])).stdout.split('\n').filter((line) => line.startsWith('sha256')),
  ).toEqual([])
  source().clearRequests()
  destination().clearRequests()
  const again = await dist(['mirror', '--to', to, ...references()])
  expect(again.stdout).toMatch(new RegExp(`^${count} images: ${count} done \\(${count} up to date\\)`, 'm'))
  expect(await asked(source, 'GET', '/blobs/')).toEqual([])
  for (const method of ['POST', 'PATCH', 'PUT']) expect(await asked(destination, method, '/v2/')).toEqual([])
  second.child.kill('SIGTERM')
  expect((await second.ended).code).toBe(0)
}, 150_000)

it('one image that fails leaves the others alone; retry brings it (Q4)', async () => {
  const [reference = ''] = references()
  const repository = `later-${randomUUID()}`
  const later = `${source().host}/${repository}:1`
  const to = `${destination().host}/partly`
  const ended = await dist(['mirror', '--to', to, '--json', reference, later])
  expect(ended.code).toBe(6)
  const lines = jsonLines<{ run: string }>(ended.stdout)
  expect(lines).toMatchObject([{ state: 'done' }, { name: later, state: 'failed', code: 'NOT_FOUND' }])
  await expectWhole('partly/team/0', '1', images[0] as FixtureImage)
  await pushImage(source().url, repository, '1', images[1] as FixtureImage)
  const run = lines[0]?.run ?? ''
  expect(await queue.runs.retry(run)).toBe(1)
  expect(await endOf(queue, run)).toBe('done')
  await expectWhole(`partly/${repository}`, '1', images[1] as FixtureImage)
})

it('two references that would be one, a store besides, and a prefix that is none: 2, and no run', async () => {
  const { url } = await forTest(startRedis())
  const to = ['--to', `${destination().host}/mirror`]
  const twice = await dist(['mirror', ...to, 'quay.io/team/app:1', 'docker.io/team/app:1'], url)
  expect(twice.code).toBe(2)
  expect(twice.stderr).toMatch(/quay.io\/team\/app:1 and docker.io\/team\/app:1/)
  expect((await dist(['mirror', ...to, '--store', workspace.store, 'alpine'], url)).code).toBe(2)
  expect((await dist(['mirror', '--to', 'mirror', 'alpine'], url)).code).toBe(2)
  expect((await dist(['runs', '--json'], url)).stdout).toBe('')
})
