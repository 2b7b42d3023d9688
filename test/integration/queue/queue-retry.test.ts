import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()

async function push(world: QueueWorld, ...seeds: string[][]) {
  await Promise.all([world.coordinator(), world.worker()])
  return seeds.map((seed, i) => {
    const image = imageOf(seed)
    world.remote.push(image, `registry.test/a:${i}`)
    return image
  })
}

/** Pushes images of one own layer each; returns their references. */
function pushImages(world: QueueWorld, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    world.remote.push(imageOf([`own-${i}`]), `registry.test/own:${i}`)
    return `registry.test/own:${i}`
  })
}

function failedJobs(world: QueueWorld, name: 'images' | 'blobs'): Promise<number> {
  return world.connect().zcard(`{dist}:${name}:failed`)
}
describe('a retry', () => {
  it('runs only the failed images, fetches only missing blobs, and counts right', async () => {
    const world = queue()
    const [image] = await push(world, ['base', 'broken'], ['base', 'sound'])
    const broken = blobAt(image as never, 2)
    world.remote.forget(broken.digest)
    const { runs, run } = await world.submit('registry.test/a:0', 'registry.test/a:1')
    await world.ended(runs, run)
    expect(await failedJobs(world, 'images')).toBe(1)
    expect(await failedJobs(world, 'blobs')).toBe(1)
    world.remote.push(imageOf(['base', 'broken']), 'registry.test/a:0')
    world.remote.fetches.length = 0
    expect(await runs.retry(run)).toBe(1)
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({ state: 'done', images: { total: 2, done: 2, failed: 0 } })
    expect(status.blobs).toMatchObject({ failed: 0, done: status.blobs.total })
    expect(world.remote.fetches).toEqual([broken.digest])
    expect(await failedJobs(world, 'images')).toBe(0)
    expect(await failedJobs(world, 'blobs')).toBe(0)
    expect(await runs.retry(run)).toBe(0)
  })

  it('is possible while the run is running', async () => {
    const world = queue()
    const [, slow] = await push(world, ['broken'], ['slow'])
    const gate = world.remote.hold(blobAt(slow as never, 1))
    const { runs, run } = await world.submit('registry.test/none:1', 'registry.test/a:1')
    await gate.reached
    await waitFor(async () => (await runs.status(run)).images.failed === 1, 'the failure')
    world.remote.push(imageOf(['late']), 'registry.test/none:1')
    expect(await runs.retry(run)).toBe(1)
    await waitFor(async () => (await runs.status(run)).images.done === 1, 'the image that failed first')
    gate.release()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { done: 2, failed: 0 } })
  })

  it('of an unknown run is NOT_FOUND', async () => {
    const runs = queue().runs()
    for (const id of ['m5k2x9aa1234abcd', '../../x', '']) {
      await expect(runs.retry(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(runs.status(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(runs.cancel(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
  })
})

describe('a retry of a canceled run', () => {
  it('runs all images of a run that was canceled before any service was up', async () => {
    const world = queue()
    const references = pushImages(world, 3)
    const { runs, run } = await world.submit(...references)
    await runs.cancel(run)
    expect(await runs.retry(run)).toBe(3)
    expect(await runs.status(run)).toMatchObject({ state: 'running', images: { total: 3, canceled: 0 } })
    await Promise.all([world.coordinator(), world.worker()])
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { total: 3, done: 3 } })
    expect(await runs.retry(run)).toBe(0)
  })

  it('runs the canceled and the failed images, not those that are done, and counts right', async () => {
    const world = queue()
    const [done = '', held = ''] = pushImages(world, 2)
    const gate = world.remote.hold(blobAt(imageOf(['own-1']), 1))
    await Promise.all([world.coordinator(), world.worker()])
    const { runs, run } = await world.submit(done, held, 'registry.test/late:1')
    await gate.reached
    const others = async () => {
      const { images } = await runs.status(run)
      return images.done + images.failed === 2
    }
    await waitFor(others, 'the end of the other images')
    await runs.cancel(run)
    const redis = world.connect()
    await waitFor(
      async () => (await redis.sismember('{dist}:run-watched', run)) === 0,
      'the end of the canceled run',
    )
    gate.release()
    world.remote.push(imageOf(['late']), 'registry.test/late:1')
    const { elapsed } = await runs.status(run)
    expect(await runs.retry(run)).toBe(2)
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({ state: 'done', images: { total: 3, done: 3, failed: 0, canceled: 0 } })
    expect(status.blobs).toMatchObject({ done: status.blobs.total, failed: 0 })
    expect(status.bytes.fetched).toBe(status.bytes.total)
    expect(status.elapsed).toBeGreaterThanOrEqual(elapsed)
    for (const { state } of await reports(runs.images(run))) expect(state).toBe('done')
    expect(world.remote.fetchesOf(blobAt(imageOf(['own-0']), 1))).toBe(1)
  })

  it('works while images of the run are still under way', async () => {
    const world = queue()
    const references = pushImages(world, 20)
    const gate = world.remote.hold(blobAt(imageOf(['own-0']), 1))
    await Promise.all([world.coordinator(), world.worker()])
    const { runs, run } = await world.submit(...references)
    await gate.reached
    for (let i = 0; i < 5; i++) {
      await runs.cancel(run)
      expect(await runs.retry(run)).toBeGreaterThan(0)
    }
    gate.release()
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({ state: 'done', images: { total: 20, done: 20, failed: 0 } })
    for (const { state } of await reports(runs.images(run))) expect(state).toBe('done')
    expect(status.blobs).toMatchObject({ done: status.blobs.total, failed: 0 })
  })

  it('lists the names of a verification that was canceled before they were listed', async () => {
    const world = queue()
    const runs = world.runs()
    const run = await runs.submit({ kind: 'verify', references: [], platforms: 'all' })
    await runs.cancel(run)
    expect(await runs.retry(run)).toBe(0)
    await world.coordinator()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', images: { total: 0 } })
  })
})
