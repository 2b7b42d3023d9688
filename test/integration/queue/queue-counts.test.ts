import { setTimeout as delay } from 'node:timers/promises'
import { DistError } from '@dist/errdefs'
import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { failing, flipped } from '../../../packages/mirror/test/support/faults.js'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'
import { noLocker, Victim } from '../support/victim.js'

const queue = useQueue()
const a = 'registry.test/a:1'
const b = 'registry.test/b:1'
const tuning = { lockDuration: 800 }
const sizeOf = (blobs: readonly { size: number }[]) => blobs.reduce((sum, { size }) => sum + size, 0)

/** Two images with one shared and one own layer each. */
function pushSharing(world: QueueWorld) {
  const [one, two] = [imageOf(['shared', 'a']), imageOf(['shared', 'b'])]
  world.remote.push(one, a)
  world.remote.push(two, b)
  const blobs = new Map(
    [0, 1, 2].flatMap((i) => [one, two].map((image) => [blobAt(image, i).digest, blobAt(image, i)])),
  )
  return { one, two, shared: blobAt(one, 1), bytes: sizeOf([...blobs.values()]), count: blobs.size }
}

describe('blobs that images of a run share', () => {
  it('count once, before they are fetched and after', async () => {
    const world = queue()
    const { shared, bytes, count } = pushSharing(world)
    const gate = world.remote.hold(shared)
    await Promise.all([world.coordinator(), world.worker()])
    const { runs, run } = await world.submit(a, b)
    await gate.reached
    await waitFor(async () => (await runs.status(run)).blobs.done === count - 1, 'all but the shared blob')
    const held = await runs.status(run)
    expect(held.blobs).toEqual({ total: count, done: count - 1, failed: 0 })
    expect(held.bytes.total).toBe(bytes)
    expect(held.bytes.fetched).toBeLessThan(bytes)
    gate.release()
    const status = await world.ended(runs, run)
    expect(status.blobs).toEqual({ total: count, done: count, failed: 0 })
    expect(status.bytes).toEqual({ total: bytes, fetched: bytes })
    const fetched = (await reports(runs.images(run))).map((report) => report.fetched?.objects ?? 0)
    // Two manifests beside the blobs.
    expect(fetched.reduce((sum, objects) => sum + objects, 0)).toBe(count + 2)
  })

  it('count as one failure, and as one done blob after a retry', async () => {
    const world = queue()
    const { shared, count } = pushSharing(world)
    world.remote.script(shared, ...Array(4).fill(flipped))
    await Promise.all([world.coordinator(), world.worker({ concurrency: 1 })])
    const { runs, run } = await world.submit(a, b)
    expect(await world.ended(runs, run)).toMatchObject({
      state: 'failed',
      blobs: { total: count, done: count - 1, failed: 1 },
    })
    await runs.retry(run)
    const status = await world.ended(runs, run)
    expect(status.blobs).toEqual({ total: count, done: count, failed: 0 })
    expect(status.bytes.total).toBe(status.bytes.fetched)
  })
})

describe('a worker that is killed', () => {
  it('between commit and record is credited with the bytes that it committed', async () => {
    const world = queue()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    const victim = new Victim(world).dieWhen((args) => args.includes('fetched'))
    await world.coordinator({ tuning })
    await world.worker({ connect: victim.connect, locker: noLocker, tuning })
    const { runs, run } = await world.submit(a)
    await victim.died
    await world.worker({ tuning })
    const status = await world.ended(runs, run, 20_000)
    const bytes = sizeOf([0, 1].map((i) => blobAt(image, i)))
    expect(status).toMatchObject({
      state: 'done',
      blobs: { total: 2, done: 2 },
      bytes: { total: bytes, fetched: bytes },
    })
    expect((await reports(runs.images(run)))[0]).toMatchObject({
      fetched: { objects: 3 },
      shared: { objects: 0 },
    })
  })
})

describe('a canceled run', () => {
  it('counts every image once', async () => {
    const world = queue()
    const { two } = pushSharing(world)
    const gate = world.remote.hold(blobAt(two, 2))
    await Promise.all([world.coordinator(), world.worker()])
    const { runs, run } = await world.submit(a, b, 'registry.test/none:1')
    await gate.reached
    const images = async () => (await runs.status(run)).images
    await waitFor(async () => (await images()).done + (await images()).failed === 2, 'the others')
    await runs.cancel(run)
    expect(await images()).toEqual({ total: 3, done: 1, failed: 1, canceled: 1, active: 0 })
    gate.release()
    await waitFor(async () => (await world.connect().sismember('{dist}:run-watched', run)) === 0, 'its end')
    expect(await images()).toEqual({ total: 3, done: 1, failed: 1, canceled: 1, active: 0 })
    expect((await reports(runs.images(run))).map(({ state }) => state)).toEqual([
      'done',
      'canceled',
      'failed',
    ])
  })
})

describe('a retry', () => {
  it('does not count the time before it as elapsed', async () => {
    const world = queue()
    const image = imageOf(['x'])
    world.remote.push(image, a)
    world.remote.forget(blobAt(image, 1).digest)
    await Promise.all([world.coordinator(), world.worker()])
    const { runs, run } = await world.submit(a)
    const first = await world.ended(runs, run)
    // The time between end and retry must not count: some has to pass.
    await delay(1_500)
    await runs.retry(run)
    const second = await world.ended(runs, run)
    const whole = (second.endedAt?.getTime() ?? 0) - second.createdAt.getTime()
    expect(second.elapsed).toBeGreaterThanOrEqual(first.elapsed)
    expect(whole - second.elapsed).toBeGreaterThanOrEqual(1_400)
  })
})

describe('a failed blob job', () => {
  it('is removed when its image is done in another way, and does not count as failed', async () => {
    const world = queue()
    const image = imageOf(['x', 'y'])
    world.remote.push(image, a)
    const [missing, slow] = [blobAt(image, 1), blobAt(image, 2)]
    world.remote.script(missing, failing(new DistError('NOT_FOUND', 'gone')))
    const gate = world.remote.hold(slow)
    await Promise.all([world.coordinator(), world.worker()])
    const { runs, run } = await world.submit(a)
    await gate.reached
    const redis = world.connect()
    const failed = () => redis.zcard('{dist}:blobs:failed')
    await waitFor(async () => (await failed()) === 1, 'the failure')
    expect((await runs.status(run)).blobs.failed).toBe(1)
    await world.transfer({ desc: missing })
    gate.release()
    expect(await world.ended(runs, run)).toMatchObject({
      state: 'done',
      blobs: { total: 3, done: 3, failed: 0 },
    })
    await waitFor(async () => (await failed()) === 0, 'its removal')
    expect(await redis.keys(`{dist}:blobs:${run}-*${missing.digest.slice(7, 39)}`)).toEqual([])
  })
})
