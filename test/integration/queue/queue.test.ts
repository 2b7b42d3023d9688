import { has } from '@dist/content'
import { allContent } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { blobAt, imageOf, twoPlatforms } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()

function services(world: QueueWorld) {
  return Promise.all([world.coordinator(), world.coordinator(), world.worker(), world.worker()])
}

/** Pushes images that share layers. */
function pushShared(world: QueueWorld, count: number) {
  const images = Array.from({ length: count }, (_, i) => imageOf(['base', `layer-${i % 7}`, `own-${i}`]))
  const references = images.map((_, i) => `registry.test/a:${i}`)
  for (const [i, image] of images.entries()) world.remote.push(image, references[i] ?? '')
  return { images, references }
}

describe('a run', () => {
  it('mirrors images that share layers, each distinct blob transferred once', async () => {
    const world = queue()
    await services(world)
    const { images, references } = pushShared(world, 40)
    const { runs, run } = await world.submit(...references)
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({ id: run, state: 'done', store: 'store-1', platforms: 'all' })
    expect(status.images).toEqual({ total: 40, done: 40, failed: 0, canceled: 0, active: 0 })
    for (const digest of new Set(world.remote.fetches)) expect(world.remote.fetchesOf({ digest })).toBe(1)
    const published = await Promise.all(references.map((reference) => world.names.get(reference)))
    expect(published.map(({ desc }) => desc.digest)).toEqual(images.map((image) => image.descriptor.digest))
  })

  it('mirrors an image of many blobs, whose jobs are added together', async () => {
    const world = queue()
    const image = imageOf(Array.from({ length: 20 }, (_, i) => `layer ${i}`))
    world.remote.push(image, 'registry.test/a:1')
    await services(world)
    const { runs, run } = await world.submit('registry.test/a:1')
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { total: 21, done: 21 } })
    for (const { descriptor } of allContent(image)) expect(await has(world.content, descriptor)).toBe(true)
  })

  it('has counts of blobs, bytes and objects that agree', async () => {
    const world = queue()
    await services(world)
    const { references } = pushShared(world, 20)
    const { runs, run } = await world.submit(...references)
    const { blobs, bytes } = await world.ended(runs, run)
    expect(blobs.done).toBe(blobs.total)
    expect(blobs.failed).toBe(0)
    expect(bytes.fetched).toBe(bytes.total)
    const all = await reports(runs.images(run))
    expect(all.map(({ index, reference, state }) => [index, reference, state])).toEqual(
      references.map((reference, index) => [index, reference, 'done']),
    )
    const fetched = all.reduce((sum, image) => sum + (image.fetched?.objects ?? 0), 0)
    expect(fetched).toBe(new Set(world.remote.fetches).size + 20)
    // An image is a manifest, a config and three layers.
    for (const image of all) expect((image.fetched?.objects ?? 0) + (image.shared?.objects ?? 0)).toBe(5)
  })

  it('fetches nothing when the store has all, and reports it', async () => {
    const world = queue()
    await services(world)
    const { references } = pushShared(world, 5)
    const first = await world.submit(...references)
    await world.ended(first.runs, first.run)
    world.remote.fetches.length = 0
    const { runs, run } = await world.submit(...references)
    expect(await world.ended(runs, run)).toMatchObject({ blobs: { total: 0 }, bytes: { total: 0 } })
    expect(world.remote.fetches).toEqual([])
    for (const image of await reports(runs.images(run)))
      expect(image).toMatchObject({ upToDate: true, fetched: { objects: 0 }, shared: { objects: 5 } })
  })

  it('mirrors the requested platforms', async () => {
    const world = queue()
    await services(world)
    const { index, amd64, arm64 } = twoPlatforms()
    world.remote.push(index, 'registry.test/a:1')
    const runs = world.runs()
    const run = await runs.submit({ references: ['registry.test/a:1'], platforms: ['linux/x86_64'] })
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', platforms: ['linux/amd64'] })
    expect(await world.names.get('registry.test/a:1')).toMatchObject({ selection: ['linux/amd64'] })
    expect(world.remote.fetchesOf(blobAt(amd64, 2))).toBe(1)
    expect(world.remote.fetchesOf(blobAt(arm64, 2))).toBe(0)
  })

  it('without references is done at once', async () => {
    const world = queue()
    await services(world)
    const { runs, run } = await world.submit()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { total: 0 } })
    expect(await reports(runs.images(run))).toEqual([])
  })

  it('can be submitted while no service is up', async () => {
    const world = queue()
    const { references } = pushShared(world, 3)
    const { runs, run } = await world.submit(...references)
    expect(await runs.status(run)).toMatchObject({
      state: 'running',
      store: '',
      images: { total: 3, done: 0 },
    })
    await services(world)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
  })

  it('that is submitted twice at the same time succeeds twice, and each blob is fetched once (Q5)', async () => {
    const world = queue()
    await services(world)
    const { references } = pushShared(world, 10)
    const both = await Promise.all([world.submit(...references), world.submit(...references)])
    for (const { runs, run } of both) expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    expect(both[0].run).not.toBe(both[1].run)
    for (const digest of new Set(world.remote.fetches)) {
      const isBlob = (await world.content.info(digest)).size > 0 && world.remote.fetchesOf({ digest }) > 1
      expect(isBlob).toBe(false)
    }
    expect((await both[0].runs.list()).map(({ id }) => id).sort()).toEqual(both.map(({ run }) => run).sort())
  })

  it('keeps the digest that a tag was resolved to, also when the tag moves meanwhile (S17)', async () => {
    const world = queue()
    await world.coordinator()
    const [before, after] = [imageOf(['before']), imageOf(['after'])]
    world.remote.push(before, 'registry.test/a:1')
    const { runs, run } = await world.submit('registry.test/a:1')
    await waitFor(async () => (await runs.status(run)).blobs.total > 0, 'the plan')
    world.remote.push(after, 'registry.test/a:1')
    await world.worker()
    await world.ended(runs, run)
    expect(world.remote.resolutions).toHaveLength(1)
    expect((await world.names.get('registry.test/a:1')).desc.digest).toBe(before.descriptor.digest)
  })

  it('shows the progress of a transfer', async () => {
    const world = queue()
    const image = imageOf(['large'])
    world.remote.push(image, 'registry.test/a:1')
    const offsets: number[] = []
    await world.coordinator()
    await world.worker({ onTransfer: ({ offset }) => void offsets.push(offset), tuning: { progress: 0 } })
    const gate = world.remote.hold(blobAt(image, 1))
    const { runs, run } = await world.submit('registry.test/a:1')
    await gate.reached
    const half = async () => (await runs.status(run)).bytes.fetched > 0
    await waitFor(half, 'bytes that are under way')
    const { bytes } = await runs.status(run)
    expect(bytes.fetched).toBeLessThan(bytes.total)
    gate.release()
    await world.ended(runs, run)
    expect(offsets.length).toBeGreaterThan(1)
  })
})

describe('many references', () => {
  it('are expanded chunk by chunk, in bounded memory', async () => {
    const world = queue()
    const tuning = { ...world.tuning, maxOpen: 1_000 }
    world.remote.push(imageOf(['x']), 'registry.test/a:1')
    const runs = world.runs()
    async function* references() {
      for (let i = 0; i < 10_000; i++) yield 'registry.test/a:1'
    }
    const run = await runs.submit({ references: references(), platforms: 'all' })
    const admin = world.connect()
    let most = 0
    await Promise.all([world.coordinator({ tuning }), world.worker()])
    const done = async () => {
      most = Math.max(most, await admin.scard(`{dist}:run:${run}:open`))
      return (await runs.status(run)).state === 'done'
    }
    await waitFor(done, 'the end of the run', 120_000)
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(1_500)
    expect(await runs.status(run)).toMatchObject({ images: { total: 10_000, done: 10_000 } })
    expect(await admin.zcard('{dist}:images:completed')).toBeLessThanOrEqual(1_000)
  }, 150_000)
})
