import { DistError } from '@dist/errdefs'
import type { RunWatch } from '@dist/runs'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'

const queue = useQueue()

const reference = 'registry.test/a:1'
/** Longer than a test: only an announcement ends such a wait. */
const forever = 600_000
const { signal } = new AbortController()
const heard = (...watches: RunWatch[]) => Promise.all(watches.map((watch) => watch.ended(forever, signal)))

/** A run of an image that the registry has, whose services do not run yet. */
async function submitted(world: QueueWorld) {
  world.remote.push(imageOf(['base']), reference)
  return world.submit(reference)
}

/** Resolves when so many watches read. An end after that can only be heard while they wait. */
async function blocked(world: QueueWorld, count: number): Promise<void> {
  const admin = world.connect()
  const waiting = async () => String(await admin.client('LIST')).match(/cmd=xread/g)?.length === count
  await waitFor(waiting, `${count} clients that wait`)
}

it('the last image ends its run, and wakes every watch of it, also one in another process', async () => {
  const world = queue()
  const { runs, run } = await submitted(world)
  await using one = runs.watch(run)
  await using other = world.runs().watch(run)
  await blocked(world, 2)
  await world.worker()
  // The run's own job does not look again within the test.
  await world.coordinator({ tuning: { watch: forever } })
  await heard(one, other)
  expect(await runs.status(run)).toMatchObject({ state: 'done', images: { done: 1 } })
})

it('a canceled run wakes its watches', async () => {
  const world = queue()
  const { runs, run } = await submitted(world)
  await using watch = runs.watch(run)
  await blocked(world, 1)
  await runs.cancel(run)
  await heard(watch)
})

it('a run whose names cannot be listed wakes its watches', async () => {
  const world = queue()
  const runs = world.runs()
  const run = await runs.submit({ kind: 'verify', references: [], platforms: 'all' })
  await using watch = runs.watch(run)
  const list = () => {
    throw new DistError('NOT_IMPLEMENTED', 'no names here')
  }
  await world.coordinator({
    published: { content: world.content, names: { get: (name) => world.names.get(name), list } },
  })
  await heard(watch)
  expect(await runs.status(run)).toMatchObject({ state: 'failed' })
})

it('a run that ended before its watch began is heard of at once', async () => {
  const world = queue()
  const { runs, run } = await submitted(world)
  await Promise.all([world.coordinator(), world.worker()])
  await world.ended(runs, run)
  await using watch = runs.watch(run)
  await heard(watch)
})

it('a run that is retried wakes its watch a second time, and once for each end', async () => {
  const world = queue()
  const { runs, run } = await world.submit(reference)
  await using watch = runs.watch(run)
  await Promise.all([world.coordinator(), world.worker()])
  await heard(watch)
  expect(await runs.status(run)).toMatchObject({ state: 'failed' })
  let again = false
  const second = heard(watch).then(() => {
    again = true
  })
  await blocked(world, 1)
  expect(again).toBe(false)
  world.remote.push(imageOf(['base']), reference)
  await runs.retry(run)
  await second
  expect(await runs.status(run)).toMatchObject({ state: 'done' })
})

it('a watch whose connection broke hears of the end (Q6)', async () => {
  const world = queue()
  const { runs, run } = await submitted(world)
  await using watch = runs.watch(run)
  await blocked(world, 1)
  await world.connect().call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await runs.cancel(run)
  await heard(watch)
})

it('a wait without an announcement ends in time, and a signal ends it at once (Q16)', async () => {
  const world = queue()
  const { runs, run } = await submitted(world)
  await using watch = runs.watch(run)
  await watch.ended(20, signal)
  const controller = new AbortController()
  const waiting = watch.ended(forever, controller.signal)
  controller.abort('SIGINT')
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' })
  expect(await runs.status(run)).toMatchObject({ state: 'running' })
})

it('the announcement is bounded and expires, and goes with its run', async () => {
  const world = queue()
  const { runs, run } = await submitted(world)
  await runs.cancel(run)
  const admin = world.connect()
  const key = `{dist}:run:${run}:ending`
  expect(await admin.xlen(key)).toBe(1)
  expect(await admin.pttl(key)).toBeGreaterThan(0)
  await world.coordinator({ tuning: { keepFor: 0 } })
  await waitFor(async () => (await admin.exists(key)) === 0, 'the removal of the run')
})
