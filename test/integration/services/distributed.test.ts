import {
  digestsOf,
  type FixtureImage,
  imageIndex,
  ociImage,
  pushImage,
  tarLayer,
} from '@dist/testkit/fixtures'
import { startFaultProxy } from '@dist/testkit/servers'
import { beforeEach, expect, it } from 'vitest'
import { type Cluster, useCluster } from '../support/cluster.js'
import { blobsOf, verifiedDigests } from '../support/published.js'
import { useRegistry } from '../support/servers.js'

const count = 80
const pushedAtOnce = 10

const layer = (name: string) => tarLayer([{ path: `etc/${name}`, content: `${name}\n`.repeat(200) }])
const bases = [...Array(5).keys()].map((i) => layer(`base-${i}`))
const middles = [...Array(20).keys()].map((i) => layer(`middle-${i}`))

/** Every image has a layer of its own, a base that sixteen have, and one that four have; every tenth is an index. */
const images: FixtureImage[] = [...Array(count).keys()].map((i) => {
  const shared = [bases[i % bases.length], middles[i % middles.length]].flatMap((each) => each ?? [])
  const image = ociImage({ layers: [...shared, layer(`own-${i}`)] })
  const other = () =>
    ociImage({ layers: [...shared, layer(`arm-${i}`)], platform: { os: 'linux', architecture: 'arm64' } })
  return i % 10 === 0 ? imageIndex([image, other()]) : image
})

const registry = useRegistry(async ({ url }) => {
  const left = [...images.entries()]
  const push = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      await pushImage(url, `team/${next[0] % 4}`, `v${next[0]}`, next[1])
  }
  await Promise.all(Array.from({ length: pushedAtOnce }, push))
})
const open = useCluster('whole')
let cluster: Cluster
const references = () => images.map((_, i) => `${registry().host}/team/${i % 4}:v${i}`)

beforeEach(async () => {
  cluster = await open()
  registry().clearRequests()
})

/** The digests of blobs that the registry has sent, each as often as it was. */
async function sentBlobs(): Promise<string[]> {
  await registry().settled()
  const asked = registry()
    .requests()
    .filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'))
  return asked.map(({ path }) => path.split('/').at(-1) ?? '')
}

it('two coordinators and four workers mirror 80 images: all complete, each blob fetched once, every byte right', async () => {
  await cluster.startAll(2, 4, { real: true })
  const run = await cluster.submit(references())
  const status = await cluster.ended(run, 80_000)
  expect(status).toMatchObject({ state: 'done', images: { total: count, done: count, failed: 0 } })
  expect((await sentBlobs()).sort()).toEqual([...blobsOf(images)].sort())
  expect(await cluster.names()).toEqual(
    Object.fromEntries(references().map((name, i) => [name, images[i]?.descriptor.digest])),
  )
  expect(await verifiedDigests(cluster.store)).toEqual(new Set(digestsOf(...images)))
  registry().clearRequests()
  const again = await cluster.ended(await cluster.submit(references()))
  expect(again).toMatchObject({ state: 'done', images: { done: count }, bytes: { fetched: 0 } })
  expect(await sentBlobs()).toEqual([])
}, 120_000)

it('the same run submitted twice at once: both are done, and each blob is fetched once (Q5)', async () => {
  await cluster.startAll(2, 2)
  const some = references().slice(0, 30)
  const runs = await Promise.all([cluster.submit(some), cluster.submit(some)])
  for (const status of await Promise.all(runs.map((run) => cluster.ended(run))))
    expect(status).toMatchObject({ state: 'done', images: { done: 30, failed: 0 }, blobs: { failed: 0 } })
  const wanted = blobsOf(images.slice(0, 30))
  expect((await sentBlobs()).sort()).toEqual([...wanted].sort())
  expect(await verifiedDigests(cluster.store)).toEqual(new Set(digestsOf(...images.slice(0, 30))))
})

it('a small blob costs a worker one request to the bucket: the one that puts it', async () => {
  const proxy = await startFaultProxy(cluster.gateway.endpoint)
  try {
    await Promise.all([cluster.start('coordinator'), cluster.start('worker', { endpoint: proxy.endpoint })])
    expect(await cluster.ended(await cluster.submit(references().slice(0, 5)))).toMatchObject({
      state: 'done',
    })
    const requests = proxy.requests().filter(({ path }) => path.includes('/blobs/'))
    const blobs = [...blobsOf(images.slice(0, 5))]
    expect(requests.map(({ method }) => method)).toEqual(blobs.map(() => 'PUT'))
    // A second run at once has nothing to do: the coordinator knows what its workers have stored.
    const before = proxy.requests().length
    const again = await cluster.ended(await cluster.submit(references().slice(0, 5)))
    expect(again).toMatchObject({ state: 'done', blobs: { total: 0 } })
    expect(proxy.requests().slice(before)).toEqual([])
  } finally {
    await proxy.stop()
  }
})
