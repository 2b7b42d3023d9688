import { faults } from '@dist/testkit'
import { digestsOf, imageIndex, ociImage, seededLayer, smallImages, smallLayer } from '@dist/testkit/fixtures'
import { type FaultProxy, startFaultProxy, waitFor } from '@dist/testkit/servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, useCluster } from '../support/cluster.js'
import { expectDone, put, requestsFor } from '../support/cluster-images.js'
import type { ServiceProcess } from '../support/processes.js'
import { verifiedDigests } from '../support/published.js'

const small = seededLayer('small', 40_000)
const smallImage = ociImage({ layers: [smallLayer('base'), small] })
/** Large enough for an upload in parts. */
const large = seededLayer('large', 24 << 20)
const largeImage = ociImage({ layers: [large] })
const others = smallImages(6)

const open = useCluster('kills')
let cluster: Cluster
beforeEach(async () => {
  cluster = await open()
})

/** The first request for it gets so much of the body, then nothing more. */
function stallOnce(blob: { descriptor: { digest: string } }, bytes: number): void {
  cluster.registry.script(requestsFor(blob), faults.stalledBody(bytes), { times: 1 })
}

/** Whether some upload that is not complete has got a part. */
async function hasPart(): Promise<boolean> {
  for await (const { offset } of cluster.store.content.statuses()) if (offset > 0) return true
  return false
}

it('kill -9 of a worker in mid-blob and in the middle of an upload in parts: another takes both over, no other image waits for them, and the final keys stay absent until all is there (Q2, S6, S7)', async () => {
  const images = [smallImage, largeImage, ...others]
  const references = put(cluster, 'app', images)
  stallOnce(small, 10_000)
  stallOnce(large, 22 << 20)
  cluster.watchNames()
  await cluster.start('coordinator')
  const victim = await cluster.start('worker')
  const run = await cluster.submit(references)
  await cluster.registry.requested(requestsFor(small))
  await waitFor(hasPart, 'the first part', 20_000)
  const survivor = await cluster.start('worker')
  const done = async () => Object.keys(await cluster.names()).length === others.length
  await waitFor(done, 'the other images', 20_000)
  await victim.kill()
  for (const name of references.slice(0, 2)) expect(await cluster.names()).not.toHaveProperty([name])
  await expect(cluster.store.content.info(large.descriptor.digest)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  await expectDone(cluster, run, references, images)
  for (const { descriptor } of [small, large])
    await survivor.logged(
      'the blob',
      ({ msg, subject }) => msg === 'blob done' && subject === descriptor.digest,
    )
  await cluster.store.sweep(-60_000)
  for await (const { ref } of cluster.store.content.statuses()) expect(ref).toBeUndefined()
}, 120_000)

describe('kill -9 of a coordinator', () => {
  let proxy: FaultProxy
  beforeEach(async () => {
    proxy = await startFaultProxy(cluster.gateway.endpoint)
  })
  afterEach(() => proxy.stop())

  it('in mid-plan of one image, and just before it publishes another: all blobs of that are there, no name is, until another coordinator plans and publishes them (S16)', async () => {
    const arm = { os: 'linux', architecture: 'arm64' }
    const second = ociImage({ layers: [smallLayer('arm')], platform: arm })
    // The registry answers for the first of them: until then it is asked for one image at a time.
    const images = [smallImage, imageIndex([ociImage({ layers: [smallLayer('amd')] }), second])]
    const references = put(cluster, 'app', images)
    stallOnce(second, 10)
    cluster.watchNames()
    const isPublish = ({ method, path }: { method: string; path: string }) =>
      method === 'PUT' && path.includes('/names/')
    proxy.fault = (request) => (isPublish(request) ? { hang: true } : undefined)
    const victim = await cluster.start('coordinator', { endpoint: proxy.endpoint })
    await cluster.start('worker')
    const run = await cluster.submit(references)
    await cluster.registry.requested(requestsFor(second))
    await waitFor(() => proxy.requests().some(isPublish), 'the request that publishes', 30_000)
    await victim.kill()
    expect(await cluster.names()).toEqual({})
    const stored = await verifiedDigests(cluster.store)
    expect(digestsOf(smallImage).filter((digest) => !stored.has(digest))).toEqual([])
    expect([...stored].filter((digest) => !digestsOf(...images).includes(digest))).toEqual([])
    await cluster.start('coordinator')
    await expectDone(cluster, run, references, images)
  }, 120_000)
})

it('SIGTERM of all, then started again: uploads are aborted, jobs handed back without an attempt, and the run goes on (Q12)', async () => {
  const images = [largeImage, ...others]
  const references = put(cluster, 'app', images)
  stallOnce(large, 22 << 20)
  cluster.watchNames()
  const first = await cluster.startAll(1, 2, { real: true })
  const run = await cluster.submit(references)
  await waitFor(hasPart, 'the first part of the large layer', 20_000)
  await Promise.all(first.all.map((service) => service.stop()))
  for (const service of first.all) expect(lastOf(service)).toBe('stopped')
  expect(await hasPart()).toBe(false)
  expect(await cluster.names()).not.toHaveProperty([references[0] ?? ''])
  const status = await (await cluster.client()).status(run)
  expect(status).toMatchObject({ state: 'running', images: { failed: 0 }, blobs: { failed: 0 } })
  const second = await cluster.startAll(1, 1, { real: true })
  await expectDone(cluster, run, references, images)
  const said = [...first.all, ...second.all].flatMap((service) => service.lines().map(({ msg }) => msg))
  expect(said.filter((msg) => /retrying|failed/.test(msg))).toEqual([])
})

function lastOf(service: ServiceProcess): string | undefined {
  return service.lines().at(-1)?.msg
}
