import { waitFor } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'

const queue = useQueue()
const reference = 'registry.test/a:1'

/** A run of one image whose layer is held in the middle of its transfer. */
async function held(world: QueueWorld, tuning = {}) {
  const image = imageOf(['held'])
  world.remote.push(image, reference)
  const layer = blobAt(image, 1)
  const gate = world.remote.hold(layer)
  const coordinator = await world.coordinator({ tuning })
  const worker = await world.worker({ tuning })
  const submitted = await world.submit(reference)
  await gate.reached
  return { ...submitted, gate, layer, coordinator, worker }
}

function errorsOf(world: QueueWorld): string {
  return world.events.map((event) => ('error' in event ? String(event.error) : '')).join('\n')
}

describe('a lost lock', () => {
  it('of a digest aborts the transfer, which is tried again (Q3)', async () => {
    const world = queue()
    const { runs, run, layer } = await held(world)
    await world.connect().del(`{dist}:lock:blob-${layer.digest}`)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { done: 2, failed: 0 } })
    expect(world.remote.fetchesOf(layer)).toBe(2)
  })

  it('of a job aborts the transfer, and another worker takes the job (Q3)', async () => {
    const world = queue()
    const { runs, run, layer } = await held(world, { lockDuration: 800 })
    const redis = world.connect()
    for (const key of await redis.keys('{dist}:blobs:*:lock')) await redis.del(key)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { done: 2, failed: 0 } })
    expect(world.remote.fetchesOf(layer)).toBe(2)
  })

  it('is noticed by a process that was blocked meanwhile (Q3)', async () => {
    const world = queue()
    const { runs, run, layer } = await held(world, { lockDuration: 600 })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_500)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { done: 2, failed: 0 } })
    expect(world.remote.fetchesOf(layer)).toBe(2)
  })
})

describe('a Redis that', () => {
  it('takes no writes for a while, as in a failover, delays the run (Q6)', async () => {
    const world = queue()
    const { runs, run, gate } = await held(world, { lockDuration: 800 })
    const admin = world.connect()
    await admin.replicaof('127.0.0.1', '1')
    gate.release()
    await waitFor(() => errorsOf(world).includes('READONLY'), 'an error of the replica')
    await admin.replicaof('NO', 'ONE')
    expect(await world.ended(runs, run, 20_000)).toMatchObject({ state: 'done', images: { failed: 0 } })
  })

  it.each(['runs', 'images', 'blobs'])('lost all jobs in %s gets them again (Q7)', async (name) => {
    const world = queue()
    world.remote.push(imageOf(['x']), reference)
    await world.coordinator()
    const { runs, run } = await world.submit(reference)
    await waitFor(async () => (await runs.status(run)).blobs.total === 2, 'the plan')
    const admin = world.connect()
    for (const key of await admin.keys(`{dist}:${name}:*`)) await admin.del(key)
    await world.worker()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done', blobs: { total: 2, done: 2 } })
  })

  it('is nearly full gets no more jobs, and its jobs are completed (Q9)', async () => {
    const world = queue()
    const { runs, run, gate } = await held(world, { full: 0.1 })
    world.remote.push(imageOf(['later']), 'registry.test/b:1')
    const admin = world.connect()
    const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))?.[1])
    await admin.config('SET', 'maxmemory', used * 3)
    const strict = world.runs({ tuning: { full: 0.1 } })
    await expect(strict.submit({ references: ['a'], platforms: 'all' })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    })
    const later = await world.submit('registry.test/b:1')
    gate.release()
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    const looks = async () => Number(await admin.hget(`{dist}:runs:${later.run}-0`, 'ats'))
    await waitFor(async () => (await looks()) > 10, 'more looks at the run')
    expect(await admin.scard(`{dist}:run:${later.run}:open`)).toBe(0)
    await admin.config('SET', 'maxmemory', 0)
    expect(await world.ended(later.runs, later.run)).toMatchObject({ state: 'done' })
  })

  it('is full for a while loses nothing (Q9)', async () => {
    const world = queue()
    const { runs, run, gate } = await held(world, { lockDuration: 800, maxStalled: 20 })
    const admin = world.connect()
    await admin.config('SET', 'maxmemory', 1)
    gate.release()
    await waitFor(() => errorsOf(world).includes('OOM'), 'an error of the full Redis')
    await expect(runs.submit({ references: ['a'], platforms: 'all' })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    })
    await admin.config('SET', 'maxmemory', 0)
    expect(await world.ended(runs, run, 20_000)).toMatchObject({ state: 'done', images: { failed: 0 } })
  })

  it('was wiped during a run does not block the services; a new run fetches only what is missing', async () => {
    const world = queue()
    const { runs, run, layer, worker } = await held(world)
    const config = world.remote.fetches.filter((digest) => digest !== layer.digest)
    await world.server.restart()
    await waitFor(() => worker.active === 0, 'the end of the transfer')
    await expect(runs.status(run)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await runs.list()).toEqual([])
    const again = await runs.submit({ references: [reference], platforms: 'all' })
    expect(await world.ended(runs, again)).toMatchObject({ state: 'done' })
    for (const digest of config) expect(world.remote.fetchesOf({ digest })).toBe(1)
    await waitFor(async () => (await runs.store()) === 'store-1', 'the id of the store')
  })

  it('was away does not stop idle services', async () => {
    const world = queue()
    world.remote.push(imageOf(['x']), reference)
    await Promise.all([world.coordinator(), world.worker()])
    const runs = world.runs({ tuning: { timeoutMs: 300 } })
    await runs.list()
    await world.server.kill()
    await expect(runs.list()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await expect(runs.submit({ references: [reference], platforms: 'all' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await world.server.start()
    const again = world.runs()
    const run = await again.submit({ references: [reference], platforms: 'all' })
    expect(await world.ended(again, run, 20_000)).toMatchObject({ state: 'done' })
  })

  it('lost the references of a run shows it as lost', async () => {
    const world = queue()
    const { runs, run } = await world.submit(reference)
    await world.connect().del(`{dist}:run:${run}:references`)
    expect(await runs.status(run)).toMatchObject({ state: 'lost' })
    await expect(reports(runs.images(run))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await runs.list()).toMatchObject([{ id: run, state: 'lost' }])
  })

  it('sent no wake-up event is polled (Q16)', async () => {
    const world = queue()
    world.remote.push(imageOf(['x']), reference)
    await Promise.all([world.coordinator(), world.worker()])
    const admin = world.connect()
    const { runs, run } = await world.submit(reference)
    const stateWithoutEvents = async () => {
      await admin.del('{dist}:runs:marker', '{dist}:images:marker', '{dist}:blobs:marker')
      for (const name of ['runs', 'images', 'blobs']) await admin.del(`{dist}:${name}:events`)
      return (await runs.status(run)).state
    }
    await expect.poll(stateWithoutEvents, { timeout: 40_000 }).toBe('done')
  })
})

describe('ended runs', () => {
  it('are removed when there are many, with the keys of their failed images', async () => {
    const world = queue()
    const tuning = { keepRuns: 2 }
    const image = imageOf(['x'])
    world.remote.push(image, reference)
    world.remote.forget(blobAt(image, 1).digest)
    await Promise.all([world.coordinator({ tuning }), world.worker()])
    const ended: string[] = []
    for (let i = 0; i < 4; i++) {
      const { runs, run } = await world.submit(reference)
      await world.ended(runs, run)
      ended.push(run)
    }
    const runs = world.runs()
    await waitFor(async () => (await runs.list()).length === 2, 'the removal')
    expect((await runs.list()).map(({ id }) => id)).toEqual(ended.slice(2).reverse())
    const admin = world.connect()
    for (const run of ended.slice(0, 2)) expect(await admin.keys(`{dist}:run:${run}*`)).toEqual([])
    expect(await admin.zcard('{dist}:blobs:failed')).toBe(2)
    expect(await admin.zcard('{dist}:images:failed')).toBe(2)
  })
})
