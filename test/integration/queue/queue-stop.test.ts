import { MemoryLocker } from '@dist/locks'
import type { Outcome } from '@dist/mirror'
import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()
const reference = 'registry.test/a:1'

/** Pushes an image whose layer is held in the middle of its transfer. */
function pushHeld(world: QueueWorld, name = reference, seed = 'held') {
  const image = imageOf([seed])
  world.remote.push(image, name)
  const layer = blobAt(image, 1)
  return { layer, gate: world.remote.hold(layer) }
}

/** A field of all waiting jobs of a queue. Jobs of runs have priorities. */
async function waiting(world: QueueWorld, name: string, field: string) {
  const redis = world.connect()
  const ids = await redis.zrange(`{dist}:${name}:prioritized`, '0', '-1')
  return Promise.all(ids.map((id) => redis.hget(`{dist}:${name}:${id}`, field)))
}

describe('a worker that stops', () => {
  it('aborts its transfers and hands the jobs back without using an attempt (Q12)', async () => {
    const world = queue()
    const { gate, layer } = pushHeld(world)
    await world.coordinator()
    const worker = await world.worker()
    const { runs, run } = await world.submit(reference)
    await gate.reached
    await worker.stop()
    expect(worker.active).toBe(0)
    expect(await waiting(world, 'blobs', 'atm')).toEqual([null])
    expect(await waiting(world, 'blobs', 'stc')).toEqual([null])
    await expect(worker.checkReady()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await world.worker()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    expect(world.remote.fetchesOf(layer)).toBe(2)
  })

  it('ends at its deadline, whatever its transfers do; others take over (Q12)', async () => {
    const world = queue()
    world.remote.push(imageOf(['x']), reference)
    const tuning = { lockDuration: 600 }
    let transfers = 0
    const transfer = () => {
      transfers++
      return new Promise<Outcome>(() => {})
    }
    await world.coordinator()
    const worker = await world.worker({ transfer, tuning, locker: new MemoryLocker() })
    const { runs, run } = await world.submit(reference)
    await waitFor(() => transfers === 2, 'transfers that do not listen')
    const started = performance.now()
    await worker.stop({ deadline: 200 })
    expect(performance.now() - started).toBeLessThan(5_000)
    await world.worker({ tuning })
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
  })

  it('does not hang while Redis is away', async () => {
    const world = queue()
    const worker = await world.worker()
    const coordinator = await world.coordinator()
    await world.server.kill()
    const started = performance.now()
    await Promise.all([worker.stop({ deadline: 300 }), coordinator.stop({ deadline: 300 })])
    expect(performance.now() - started).toBeLessThan(5_000)
    await world.server.start()
  })
})

describe('a coordinator that stops', () => {
  it('while it plans hands the image back (Q12)', async () => {
    const world = queue()
    const image = imageOf(['x'])
    world.remote.push(image, reference)
    // Planning is held at the manifest.
    const gate = world.remote.hold(image.descriptor)
    const resolve = world.remote.resolve.bind(world.remote)
    world.remote.resolve = async (ref, options) => {
      const { name, desc } = await resolve(ref, options)
      return { name, desc }
    }
    const coordinator = await world.coordinator()
    await world.worker()
    const { runs, run } = await world.submit(reference)
    await gate.reached
    await coordinator.stop()
    expect(await waiting(world, 'images', 'atm')).toEqual([null])
    await world.coordinator()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
  })
})

describe('a service', () => {
  it('is ready when it takes jobs, and reports why it is not', async () => {
    const world = queue()
    const worker = await world.worker({ tuning: { timeoutMs: 300 } })
    const coordinator = await world.coordinator({ tuning: { timeoutMs: 300 } })
    await worker.checkReady()
    await coordinator.checkReady()
    await world.server.kill()
    await expect(worker.checkReady()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(coordinator.checkReady()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await world.server.start()
    await waitFor(
      () =>
        worker.checkReady().then(
          () => true,
          () => false,
        ),
      'the worker being ready',
    )
  })
})

describe('a canceled run', () => {
  it('is canceled at once, and its transfers stop soon', async () => {
    const world = queue()
    const { gate } = pushHeld(world)
    await world.coordinator()
    const worker = await world.worker({ tuning: { cancelPoll: 500 } })
    const { runs, run } = await world.submit(reference, 'registry.test/b:1')
    await gate.reached
    const started = performance.now()
    await runs.cancel(run)
    expect(await runs.status(run)).toMatchObject({
      state: 'canceled',
      endedAt: expect.any(Date),
      images: { active: 0 },
    })
    await waitFor(() => worker.active === 0, 'the end of the transfer')
    expect(performance.now() - started).toBeLessThan(3_000)
    for (const { state } of await reports(runs.images(run))) expect(state).toMatch(/^(canceled|failed)$/)
    await expect(world.names.get(reference)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('leaves no jobs, and has no effect on other runs', async () => {
    const world = queue()
    await world.coordinator()
    for (let i = 0; i < 30; i++) world.remote.push(imageOf([`canceled-${i}`]), `registry.test/c:${i}`)
    world.remote.push(imageOf(['kept']), reference)
    const { runs, run } = await world.submit(...Array.from({ length: 30 }, (_, i) => `registry.test/c:${i}`))
    const other = await world.submit(reference)
    await waitFor(async () => (await runs.status(run)).blobs.total === 60, 'all plans')
    await runs.cancel(run)
    const redis = world.connect()
    const left = async () => (await redis.keys(`{dist}:*:${run}-*`)).filter((key) => !key.includes(':runs:'))
    await waitFor(async () => (await left()).length === 0, 'the removal of its jobs')
    await waitFor(
      async () => (await redis.sismember('{dist}:run-watched', run)) === 0,
      'the end of its watch',
    )
    await world.worker()
    expect(await world.ended(other.runs, other.run)).toMatchObject({ state: 'done' })
    for (let i = 0; i < 30; i++) expect(world.remote.fetchesOf(blobAt(imageOf([`canceled-${i}`]), 1))).toBe(0)
    expect((await runs.status(run)).images).toEqual({
      total: 30,
      done: 0,
      failed: 0,
      canceled: 30,
      active: 0,
    })
  })

  it('starts nothing when it was canceled before any service was up', async () => {
    const world = queue()
    world.remote.push(imageOf(['x']), reference)
    const { runs, run } = await world.submit(reference)
    await runs.cancel(run)
    await Promise.all([world.coordinator(), world.worker()])
    await waitFor(
      async () => (await world.connect().scard('{dist}:run-watched')) === 0,
      'the end of its watch',
    )
    expect(world.remote.resolutions).toEqual([])
    expect(await runs.status(run)).toMatchObject({ state: 'canceled' })
  })

  it('keeps its state when it had ended before', async () => {
    const world = queue()
    world.remote.push(imageOf(['x']), reference)
    await Promise.all([world.coordinator(), world.worker()])
    const { runs, run } = await world.submit(reference)
    await world.ended(runs, run)
    await runs.cancel(run)
    expect(await runs.status(run)).toMatchObject({ state: 'done' })
  })
})
