import type { ImageReport } from '@dist/runs'
import { faults } from '@dist/testkit'
import { ociImage, seededLayer, smallImages, smallLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, heldBody, useCluster } from '../support/cluster.js'
import { expectDone, expectPublished, put, requestsFor } from '../support/cluster-images.js'
import { Gate } from '../support/gate.js'
import type { ServiceProcess } from '../support/processes.js'

const held = seededLayer('held', 40_000)
const heldImage = ociImage({ layers: [held] })
const images = [heldImage, ...smallImages(12)]

const broken = smallLayer('broken')
const failing = [
  ociImage({ layers: [smallLayer('base'), broken] }),
  ociImage({ layers: [broken, smallLayer('own')] }),
]

const open = useCluster('outages')
let cluster: Cluster
let release: () => void
beforeEach(async () => {
  cluster = await open()
  cluster.watchNames()
})

/** The first request for the held layer gets a part of it, and the rest when `release` is called. */
function hold(): void {
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  cluster.registry.script(requestsFor(held), heldBody(10_000, released), { times: 1 })
}

/** Every one of them has met a failure. */
async function allNoticed(services: readonly ServiceProcess[], what: string, pattern: RegExp) {
  await Promise.all(services.map((each) => each.logged(what, ({ msg }) => pattern.test(msg))))
}

describe('Redis', () => {
  it('killed and started again in mid-run, with what it had: the run goes on (Q6)', async () => {
    hold()
    const references = put(cluster, 'app', images)
    const { all } = await cluster.startAll(2, 1)
    const run = await cluster.submit(references)
    await cluster.registry.requested(requestsFor(held))
    await cluster.redis.kill()
    await allNoticed(all, 'that Redis is away', /Redis is away/)
    await cluster.redis.start()
    release()
    await expectDone(cluster, run, references, images)
  })

  it('wiped in mid-run: the run is not known any more, and submitted again it ends done', async () => {
    hold()
    const references = put(cluster, 'app', images)
    await cluster.startAll(1, 1)
    const run = await cluster.submit(references)
    await cluster.registry.requested(requestsFor(held))
    await cluster.redis.admin.flushall()
    const runs = await cluster.client()
    await expect(runs.status(run)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const again = await cluster.submit(references)
    release()
    await expectDone(cluster, again, references, images)
    expect(await runs.list()).toHaveLength(1)
  })

  it('that has lost what was asked for, and nothing else: the run is lost, others go on', async () => {
    const references = put(cluster, 'app', images)
    const run = await cluster.submit(references)
    await cluster.redis.admin.del(`{dist}:run:${run}:references`)
    await cluster.startAll(1, 1)
    const other = put(cluster, 'other', images)
    await expectDone(cluster, await cluster.submit(other), other, images)
    expect(await (await cluster.client()).status(run)).toMatchObject({ state: 'lost' })
  })

  it('that has lost the locks: two fetch the same blob, and nothing is corrupt (S5)', async () => {
    hold()
    const first = put(cluster, 'first', [heldImage])
    const second = put(cluster, 'second', [heldImage])
    const { workers } = await cluster.startAll(1, 2)
    const run = await cluster.submit([...first, ...second])
    await cluster.registry.requested(requestsFor(held))
    const locks = await cluster.redis.admin.keys('{dist}:lock:*')
    expect(locks.length).toBeGreaterThan(0)
    await cluster.redis.admin.del(...locks)
    await cluster.registry.requested(requestsFor(held), 2)
    const retried = () => workers.some((worker) => worker.lines().some(({ msg }) => msg === 'blob retrying'))
    await waitFor(retried, 'the one that has lost its lock giving up', 20_000)
    release()
    await expectDone(cluster, run, [...first, ...second], [heldImage, heldImage])
  })
})

it('the S3 gateway gone for a while: the run ends done, or does after a retry', async () => {
  hold()
  const references = put(cluster, 'app', images)
  await using gate = await new Gate(cluster.gateway.endpoint).listen()
  await cluster.startAll(1, 1, { endpoint: gate.endpoint })
  const run = await cluster.submit(references)
  await cluster.registry.requested(requestsFor(held))
  gate.close()
  release()
  await waitFor(() => gate.refused >= 6, 'connections that are refused', 20_000)
  gate.open()
  const runs = await cluster.client()
  if ((await cluster.ended(run)).state === 'failed') await runs.retry(run)
  await expectDone(cluster, run, references, images)
})

it('the registry answers 500, resets connections and cuts bodies for a while: the run ends done', async () => {
  const references = put(cluster, 'app', images)
  const { registry } = cluster
  registry.script({ path: '/manifests/' }, faults.status(500), { times: 6 })
  registry.script({ path: '/manifests/' }, faults.closed(), { after: 6, times: 6 })
  registry.script({ path: '/blobs/' }, faults.status(503), { times: 8 })
  registry.script({ path: '/blobs/' }, faults.closed(), { after: 8, times: 8 })
  registry.script({ path: '/blobs/' }, faults.cutBody(20), { after: 16, times: 8 })
  const { all } = await cluster.startAll(1, 1)
  const run = await cluster.submit(references)
  await expectDone(cluster, run, references, images)
  expect(all.flatMap((service) => service.lines()).filter(({ msg }) => /failed/.test(msg))).toEqual([])
  expect(registry.requests.filter(({ status }) => status === 500 || status === 503)).toHaveLength(14)
})

it('a layer that two images share and the registry lacks fails both, which name it; a retry ends done once it is there (Q4)', async () => {
  const wrong = put(cluster, 'wrong', failing)
  const right = put(cluster, 'right', images)
  let gone = true
  cluster.registry.script(requestsFor(broken), (request, proper) =>
    proper(gone ? { ...request, path: request.path.replace('wrong', 'nowhere') } : request),
  )
  await cluster.startAll(1, 2)
  const run = await cluster.submit([...wrong, ...right])
  expect(await cluster.ended(run)).toMatchObject({
    state: 'failed',
    images: { done: images.length, failed: 2 },
  })
  for (const report of (await reports(run)).slice(0, wrong.length))
    expect(report).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining(broken.descriptor.digest) },
      failures: [{ digest: broken.descriptor.digest, code: 'NOT_FOUND' }],
    })
  expect(Object.keys(await cluster.names()).sort()).toEqual([...right].sort())
  gone = false
  expect(await (await cluster.client()).retry(run)).toBe(2)
  expect(await cluster.ended(run)).toMatchObject({
    state: 'done',
    images: { done: images.length + 2, failed: 0 },
  })
  await expectPublished(cluster, [...wrong, ...right], [...failing, ...images])
  expect((await reports(run)).map(({ state }) => state)).toEqual(Array(images.length + 2).fill('done'))
})

async function reports(run: string): Promise<ImageReport[]> {
  const all: ImageReport[] = []
  for await (const report of (await cluster.client()).images(run)) all.push(report)
  return all
}
