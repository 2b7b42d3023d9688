import { waitFor } from '@dist/testkit/servers'
import { Queue } from 'bullmq'
import { describe, expect, it } from 'vitest'
import { blobAt, imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, reports, useQueue } from '../support/queue-world.js'
import { noLocker, Victim } from '../support/victim.js'

const queue = useQueue()
const reference = 'registry.test/a:1'
const tuning = { lockDuration: 800 }
/** Jobs whose locks are not renewed soon go to other services. */
const doubled = { lockDuration: 400, stalledInterval: 100, maxStalled: 1_000 }

function push(world: QueueWorld) {
  const image = imageOf(['a', 'b', 'c'])
  world.remote.push(image, reference)
  return image
}

/** Waits for the end; expects that all content is stored and was fetched once. */
async function expectWhole(world: QueueWorld, { runs, run }: Awaited<ReturnType<QueueWorld['submit']>>) {
  const status = await world.ended(runs, run, 20_000)
  expect(status).toMatchObject({ state: 'done', images: { done: 1, failed: 0 } })
  expect(status.blobs).toEqual({ total: 4, done: 4, failed: 0 })
  expect(status.bytes.fetched).toBe(status.bytes.total)
  expect((await world.names.get(reference)).desc.digest).toBe(imageOf(['a', 'b', 'c']).descriptor.digest)
  for (const digest of new Set(world.remote.fetches)) expect(world.remote.fetchesOf({ digest })).toBe(1)
}

describe('a killed coordinator', () => {
  it.each([
    ['before it has resolved', (arg: string) => arg.endsWith(':images'), 1],
    ['before the plan is saved', (arg: string) => arg.includes('"generation"'), 2],
    ['before any child is added', (arg: string) => arg === '{dist}:blobs:prioritized', 1],
    ['after all children were added', (arg: string) => arg === '{dist}:images:waiting-children', 1],
  ])('%s is replaced by another', async (_when, dooms, resolutions) => {
    const world = queue()
    push(world)
    const victim = new Victim(world).dieWhen((args) => args.some((arg) => dooms(String(arg))))
    await world.coordinator({ connect: victim.connect, tuning })
    const submitted = await world.submit(reference)
    await victim.died
    await Promise.all([world.coordinator({ tuning }), world.worker({ tuning })])
    await expectWhole(world, submitted)
    // Before the plan is saved, the reference is resolved again.
    expect(world.remote.resolutions).toHaveLength(resolutions)
  })

  it('after half of the children were added is replaced by another, which adds the rest', async () => {
    const world = queue()
    const image = push(world)
    const victim = new Victim(world).dieWhen((args) => args.includes('{dist}:images:waiting-children'))
    await world.coordinator({ connect: victim.connect, tuning })
    const submitted = await world.submit(reference)
    await victim.died
    const blobs = new Queue('blobs', { connection: world.connect(), prefix: '{dist}' })
    const jobs = await blobs.getJobs(['prioritized'])
    expect(jobs).toHaveLength(4)
    for (const job of jobs.slice(2)) await blobs.remove(job.id ?? '')
    await Promise.all([world.coordinator({ tuning }), world.worker({ tuning })])
    await expectWhole(world, submitted)
    expect(world.remote.fetchesOf(blobAt(image, 3))).toBe(1)
  })

  it('just before it publishes is replaced by another; no name is visible early', async () => {
    const world = queue()
    push(world)
    const victim = new Victim(world)
    const target = world.publishingBy(() => victim.die())
    await Promise.all([
      world.coordinator({ connect: victim.connect, target, tuning }),
      world.worker({ tuning }),
    ])
    const submitted = await world.submit(reference)
    await victim.died
    await expect(world.names.get(reference)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await world.coordinator({ tuning })
    await expectWhole(world, submitted)
    expect(world.remote.resolutions).toHaveLength(1)
  })

  it('after it has published is replaced by another, which finds nothing to do', async () => {
    const world = queue()
    push(world)
    const victim = new Victim(world)
    const target = world.publishingBy(async (publish) => {
      await publish()
      return victim.die()
    })
    await Promise.all([
      world.coordinator({ connect: victim.connect, target, tuning }),
      world.worker({ tuning }),
    ])
    const submitted = await world.submit(reference)
    await victim.died
    await world.coordinator({ tuning })
    await expectWhole(world, submitted)
    const [report] = await reports(submitted.runs.images(submitted.run))
    expect(report).toMatchObject({ upToDate: false, fetched: { objects: 5 }, shared: { objects: 0 } })
  })
})

describe('a killed worker', () => {
  it('in the middle of a blob is replaced by another (Q2)', async () => {
    const world = queue()
    const image = push(world)
    const victim = new Victim(world)
    const gate = world.remote.hold(blobAt(image, 1))
    await world.coordinator({ tuning })
    const worker = await world.worker({ connect: victim.connect, tuning, locker: noLocker })
    const submitted = await world.submit(reference)
    await gate.reached
    void victim.die()
    expect(worker.active).toBeGreaterThan(0)
    await world.worker({ tuning })
    const { runs, run } = submitted
    expect(await world.ended(runs, run, 20_000)).toMatchObject({ state: 'done', blobs: { done: 4 } })
    expect(world.remote.fetchesOf(blobAt(image, 1))).toBe(2)
  })

  it('fails a job that kills its worker each time; other jobs go on (Q10)', async () => {
    const world = queue()
    const image = push(world)
    const other = imageOf(['other'])
    world.remote.push(other, 'registry.test/a:2')
    const poison = blobAt(image, 2).digest
    const deadly = { lockDuration: 400, stalledInterval: 100, maxStalled: 2 }
    await world.coordinator()
    const submitted = await world.submit(reference, 'registry.test/a:2')
    for (let life = 0; life < 3; life++) {
      const victim = new Victim(world)
      await world.worker({
        connect: victim.connect,
        tuning: deadly,
        // Another job under way would count as stalled, too.
        concurrency: 1,
        locker: noLocker,
        transfer: ({ desc }) => (desc.digest === poison ? victim.die() : world.transfer({ desc })),
      })
      await victim.died
    }
    await world.worker({ tuning: deadly })
    const { runs, run } = submitted
    const status = await world.ended(runs, run, 20_000)
    expect(status).toMatchObject({ state: 'failed', images: { done: 1, failed: 1 } })
    expect(status.blobs.failed).toBe(1)
    expect(await reports(runs.failed(run))).toMatchObject([
      {
        reference,
        failures: [{ digest: poison, code: 'INTERNAL', message: expect.stringContaining('stalled') }],
      },
    ])
    // A retry is a new job without the stalls of the old one.
    await runs.retry(run)
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
  })
})

describe('a job that is delivered twice at the same time', () => {
  it('of an image publishes the same name and counts once (Q1)', async () => {
    const world = queue()
    push(world)
    const stopped = new Victim(world).neverRenewing('images')
    let goOn: () => void = () => {}
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let reached = false
    const target = world.publishingBy(async (publish) => {
      reached = true
      await mayGoOn
      return publish()
    })
    await world.worker()
    const first = await world.coordinator({ connect: stopped.connect, target, tuning: doubled })
    const submitted = await world.submit(reference)
    await waitFor(() => reached, 'the first delivery')
    await world.coordinator({ tuning: doubled })
    await world.ended(submitted.runs, submitted.run)
    goOn()
    await waitFor(() => first.active === 0, 'the end of the first delivery')
    await expectWhole(world, submitted)
  })

  it('of a blob stores it once and counts once (Q1)', async () => {
    const world = queue()
    const image = push(world)
    const gate = world.remote.hold(blobAt(image, 1))
    const stopped = new Victim(world).neverRenewing('blobs')
    await world.coordinator()
    const first = await world.worker({
      connect: stopped.connect,
      tuning: doubled,
      locker: noLocker,
      concurrency: 4,
    })
    const { runs, run } = await world.submit(reference)
    await gate.reached
    await world.worker({ tuning: doubled, locker: noLocker })
    await waitFor(() => world.remote.fetchesOf(blobAt(image, 1)) === 2, 'the second delivery')
    gate.release()
    const status = await world.ended(runs, run)
    expect(status).toMatchObject({ state: 'done', blobs: { total: 4, done: 4, failed: 0 } })
    expect(status.bytes.fetched).toBe(status.bytes.total)
    await waitFor(() => first.active === 0, 'the end of the first delivery')
  })
})
