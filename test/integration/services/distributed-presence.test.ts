import { type Fault, faults } from '@dist/testkit'
import { imageIndex, ociImage, seededLayer, smallImages, smallLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, useCluster } from '../support/cluster.js'
import { expectDone, put, requestsFor } from '../support/cluster-images.js'
import type { ServiceProcess } from '../support/processes.js'

const small = seededLayer('small', 40_000)
const image = ociImage({ layers: [smallLayer('base'), small] })
const others = smallImages(4)

const open = useCluster('presence')
let cluster: Cluster
beforeEach(async () => {
  cluster = await open()
})

const stallOnce = (blob: { descriptor: { digest: string } }) =>
  cluster.registry.script(requestsFor(blob), faults.stalledBody(10), { times: 1 })

/** The second request waits until the function is called: a blob job is removed when its blob has come. */
function holdSecond(blob: { descriptor: { digest: string } }): () => void {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const held: Fault = async (_request, proper) => {
    await released
    return proper()
  }
  cluster.registry.script(requestsFor(blob), held, { after: 1, times: 1 })
  return release
}

/** How many services died with a job of theirs, over all jobs of a queue. */
async function deaths(queue: 'blobs' | 'images'): Promise<number> {
  const { admin } = cluster.redis
  const counts = (await admin.keys(`{dist}:${queue}:*`)).map(async (key) =>
    (await admin.type(key)) === 'hash' ? Number((await admin.hget(key, 'dist:deaths')) ?? 0) : 0,
  )
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

const tookOver = (service: ServiceProcess) =>
  service.logged('the blob', ({ msg, subject }) => msg === 'blob done' && subject === small.descriptor.digest)

it('kill -9 of a worker in mid-blob and of a coordinator in mid-plan: both are taken over within 20 s (Q2)', async () => {
  const planned = ociImage({ layers: [smallLayer('planned')] })
  const index = imageIndex([planned])
  stallOnce(small)
  stallOnce(planned)
  const references = put(cluster, 'app', [image, index])
  const real = { real: true }
  const worker = await cluster.start('worker', real)
  const coordinator = await cluster.start('coordinator', real)
  const run = await cluster.submit(references)
  await cluster.registry.requested(requestsFor(small))
  await cluster.registry.requested(requestsFor(planned))
  await cluster.startAll(1, 1, real)
  await Promise.all([worker.kill(), coordinator.kill()])
  const before = performance.now()
  const again = async (blob: { descriptor: { digest: string } }) =>
    waitFor(
      () =>
        cluster.registry.requests.filter(
          ({ method, path }) => method === 'GET' && path.includes(blob.descriptor.digest),
        ).length === 2,
      'the second request',
      40_000,
    )
  await Promise.all([again(small), again(planned)])
  // 20 s, and the time until a busy machine sends the requests.
  expect(performance.now() - before).toBeLessThan(23_000)
  await expectDone(cluster, run, references, [image, index])
})

describe('a worker that stands still', () => {
  it('as a whole has its blob taken over, gives it up when it goes on, and is forgiven (Q3)', async () => {
    stallOnce(small)
    const release = holdSecond(small)
    const references = put(cluster, 'app', [image, ...others])
    await cluster.start('coordinator')
    const stopped = await cluster.start('worker')
    const run = await cluster.submit(references)
    await cluster.registry.requested(requestsFor(small))
    const other = await cluster.start('worker')
    process.kill(stopped.pid, 'SIGSTOP')
    await cluster.registry.requested(requestsFor(small), 2)
    expect(await deaths('blobs')).toBeGreaterThan(0)
    process.kill(stopped.pid, 'SIGCONT')
    await waitFor(async () => (await deaths('blobs')) === 0, 'its jobs to be forgiven')
    release()
    await tookOver(other)
    await expectDone(cluster, run, references, [image, ...others])
    const lines = stopped.lines().filter(({ level }) => level === 'error' || level === 'warn')
    expect(lines.filter(({ msg }) => /lock|queue reports/.test(msg)).length).toBeLessThanOrEqual(1)
  })

  it('with its main thread alone is not taken for gone: its blob is, when the lock expires (Q3)', async () => {
    stallOnce(small)
    const references = put(cluster, 'app', [image, ...others])
    await cluster.start('coordinator')
    const busy = await cluster.start('worker')
    const run = await cluster.submit(references)
    await cluster.registry.requested(requestsFor(small))
    const other = await cluster.start('worker')
    const before = performance.now()
    process.kill(busy.pid, 'SIGUSR2')
    await cluster.registry.requested(requestsFor(small), 2)
    // A service that is gone has no lock after 1.2 s; this one keeps its own until it expires.
    expect(performance.now() - before).toBeGreaterThan(1_500)
    await tookOver(other)
    expect(await deaths('blobs')).toBe(0)
    await expectDone(cluster, run, references, [image, ...others])
  })
})

it('a blob whose workers die, one after the other, fails by their number; other images are done (Q10)', async () => {
  const references = put(cluster, 'app', [image, ...others])
  await cluster.start('coordinator')
  cluster.registry.script(requestsFor(small), faults.stalledBody(10))
  const run = await cluster.submit(references)
  for (let i = 1; i <= 3; i++) {
    const victim = await cluster.start('worker')
    await cluster.registry.requested(requestsFor(small), i)
    // What else the victim works on would be suspected, too.
    await waitFor(async () => Object.keys(await cluster.names()).length === others.length, 'the others')
    await victim.kill()
  }
  await cluster.start('worker')
  expect(await cluster.ended(run)).toMatchObject({ state: 'failed', images: { done: 4, failed: 1 } })
  const failed: unknown[] = []
  for await (const each of (await cluster.client()).failed(run)) failed.push(each)
  expect(failed).toMatchObject([
    { reference: references[0], error: { message: expect.stringContaining('3 services died') } },
  ])
})
