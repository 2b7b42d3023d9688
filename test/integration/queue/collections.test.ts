import { DistError } from '@dist/errdefs'
import type { CollectionRequest, Runs } from '@dist/runs'
import { fixtureBlob } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'
import { coordinator, file, request, said, schedulesOf, startsOf } from '../support/schedules.js'

const queue = useQueue()
const day = 86_400_000
const now: CollectionRequest = { grace: 0 }

/** Stores content that no image needs. */
async function addGarbage({ content }: QueueWorld, ...texts: string[]): Promise<string[]> {
  for (const text of texts) {
    const { descriptor } = fixtureBlob(text)
    const writer = await content.writer(descriptor.digest, descriptor)
    await writer.write(Buffer.from(text))
    await writer.commit()
  }
  return texts.map((text) => fixtureBlob(text).descriptor.digest).sort()
}

async function stored({ content }: QueueWorld): Promise<string[]> {
  const digests: string[] = []
  for await (const { digest } of content.walk()) digests.push(digest)
  return digests.sort()
}

const deleted = async (runs: Runs, run: string) => (await runs.deleted(run)).items

it('a coordinator deletes what no image needs, and the run tells what', async () => {
  const world = queue()
  world.remote.push(imageOf(['web']), 'registry.test/web:1')
  await Promise.all([world.coordinator(), world.worker()])
  const { runs, run: mirror } = await world.submit('registry.test/web:1')
  await world.ended(runs, mirror)
  const needed = await stored(world)
  const garbage = await addGarbage(world, 'first', 'second')
  const dry = await runs.collect({ ...now, dryRun: true, listed: true })
  expect(await world.ended(runs, dry.run)).toMatchObject({
    kind: 'collect',
    state: 'done',
    collection: { grace: 0, dryRun: true, outcome: { images: 1, deleted: { objects: 2, bytes: 11 } } },
  })
  expect((await deleted(runs, dry.run)).map(({ digest }) => digest).sort()).toEqual(garbage)
  expect(await stored(world)).toEqual([...needed, ...garbage].sort())
  const { run, isJoined } = await runs.collect({ ...now, listed: true })
  expect(isJoined).toBe(false)
  const status = await world.ended(runs, run)
  const outcome = { deleted: { objects: 2 }, needed: { objects: needed.length }, unknownCount: 0 }
  expect(status).toMatchObject({ state: 'done', images: { total: 0 }, collection: { outcome } })
  expect(status.collection?.progress).toBeUndefined()
  expect(await deleted(runs, run)).toHaveLength(2)
  expect(await stored(world)).toEqual(needed)
  await expect(runs.retry(run)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect((await runs.list()).map(({ kind }) => kind)).toEqual(['collect', 'collect', 'mirror'])
})

it('one collection is under way at a time: the same request finds it, another one is told', async () => {
  const world = queue()
  const runs = world.runs()
  const all = await Promise.all([runs.collect(now), runs.collect(now), runs.collect(now)])
  expect(new Set(all.map(({ run }) => run)).size).toBe(1)
  expect(all.filter(({ isJoined }) => isJoined)).toHaveLength(2)
  await expect(runs.collect({ grace: day })).rejects.toMatchObject({
    code: 'IN_USE',
    message: expect.stringContaining(`dist status --watch ${all[0]?.run}`),
  })
  expect(await runs.collect({ ...now, dryRun: true })).toMatchObject({ isJoined: false })
  await world.coordinator()
  await world.ended(runs, all[0]?.run ?? '')
  expect(await runs.collect({ grace: day })).toMatchObject({ isJoined: false })
})

it('a collection whose coordinator stops is done by another one', async () => {
  const world = queue()
  await addGarbage(world, 'left')
  const { collect } = world.upkeep
  let begun = 0
  const stuck = async () => {
    begun++
    const collection = await collect()
    const awaitPublishers: typeof collection.awaitPublishers = async ({ signal } = {}) => {
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      return expect.unreachable('after the end')
    }
    return Object.assign(Object.create(collection), { awaitPublishers, end: () => collection.end() })
  }
  const first = await world.coordinator({ upkeep: { ...world.upkeep, collect: stuck } })
  const runs = world.runs()
  const { run } = await runs.collect(now)
  await waitFor(() => begun === 1, 'the beginning of the collection')
  await first.stop({ deadline: 500 })
  await world.coordinator()
  expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
  expect(await stored(world)).toEqual([])
})

it('a canceled collection stops, and another one may begin', async () => {
  const world = queue()
  const [garbage] = await addGarbage(world, 'garbage')
  // A process that publishes, and does not learn of the collection.
  await world.notes.put('leases/unknown.1.lease', Buffer.from('{"knows":[]}'))
  await world.coordinator()
  const runs = world.runs()
  const { run } = await runs.collect(now)
  const waits = async () => (await runs.status(run)).collection?.progress?.type === 'waiting'
  await waitFor(waits, 'the collection')
  expect((await runs.status(run)).collection?.progress).toEqual({ type: 'waiting', processes: 1 })
  await runs.cancel(run)
  expect(await world.ended(runs, run)).toMatchObject({ state: 'canceled' })
  expect(await stored(world)).toEqual([garbage])
  await world.notes.delete('leases/unknown.1.lease')
  await world.ended(runs, (await runs.collect(now)).run)
  expect(await stored(world)).toEqual([])
})

it('a collection that cannot succeed fails its run with the reason', async () => {
  const world = queue()
  const collect = async () => {
    throw new DistError('PERMISSION_DENIED', 'the store may not be written')
  }
  await world.coordinator({ upkeep: { ...world.upkeep, collect } })
  const runs = world.runs()
  const { run } = await runs.collect(now)
  const error = { code: 'PERMISSION_DENIED', message: 'the store may not be written' }
  expect(await world.ended(runs, run)).toMatchObject({ state: 'failed', error })
})

it('collections of the settings are a schedule, which is added, kept, changed and removed', async () => {
  const world = queue()
  await addGarbage(world, 'nightly')
  const collections = { timing: { every: day }, grace: 0 }
  const first = await coordinator(world, { collections })
  await said(world, 'gc applied', 'gc started')
  const schedules = schedulesOf(world)
  const runs = world.runs()
  const [run] = await runs.list()
  expect(await world.ended(runs, run?.id ?? '')).toMatchObject({
    kind: 'collect',
    schedule: 'gc',
    state: 'done',
  })
  expect(await stored(world)).toEqual([])
  const [before] = await schedules.list()
  expect(before).toMatchObject({ name: 'gc', file: 'settings of the coordinators', run: { state: 'done' } })
  await first.stop()
  world.events.length = 0
  const second = await coordinator(world, { collections })
  await schedules.apply(file(request('web')))
  expect(await schedules.list()).toMatchObject([{ name: 'gc', next: before?.next }, { name: 'web' }])
  await second.stop()
  expect(startsOf(world)).toEqual([])
  const third = await coordinator(world, { collections: { ...collections, timing: { every: 2 * day } } })
  await said(world, 'gc applied')
  expect((await schedules.list())[0]).toMatchObject({ timing: { every: 2 * day } })
  await third.stop()
  await coordinator(world)
  await waitFor(async () => (await schedules.list()).length === 1, 'the removal')
  expect(await schedules.list()).toMatchObject([{ name: 'web' }])
})

it('a mirror with the name of the collections is refused, and both tell of the other', async () => {
  const world = queue()
  await coordinator(world, { collections: { timing: { every: day }, grace: day } })
  await said(world, 'gc applied')
  await expect(schedulesOf(world).apply({ ...file(request('gc')), force: true })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    message: expect.stringContaining('it is of the settings of the coordinators'),
  })
})
