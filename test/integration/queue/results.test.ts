import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'
import { coordinator, file, request, said, schedulesOf } from '../support/schedules.js'

const queue = useQueue()
const day = 86_400_000

/** Submits a mirror file of images: `name: repository`. Unnamed mirrors have an empty name. */
async function mirror(world: QueueWorld, images: readonly (readonly [name: string, repository: string])[]) {
  const mirrors = images.map(([name, repository]) => ({
    ...(name === '' ? {} : { name }),
    from: `registry.test/${repository}:1`,
  }))
  const text = JSON.stringify({ version: 1, mirrors })
  const runs = world.runs()
  const sources = { text, language: 'json' } as const
  return { runs, run: await runs.submit({ references: [], sources, platforms: 'all' }) }
}

it('each named mirror of a run has a result of its own; its last success outlasts failures', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  for (const name of ['web', 'api', 'jobs']) world.remote.push(imageOf([name]), `registry.test/${name}:1`)
  await Promise.all([coordinator(world), world.worker()])
  const first = await mirror(world, [
    ['web', 'web'],
    ['api', 'absent'],
    ['', 'jobs'],
  ])
  expect(await world.ended(first.runs, first.run)).toMatchObject({ state: 'failed' })
  await expect
    .poll(() => schedules.results())
    .toMatchObject([
      { name: 'api', state: 'failed', run: first.run },
      { name: 'web', state: 'done', run: first.run },
    ])
  const [api, web] = await schedules.results()
  expect(api?.succeededAt).toBeUndefined()
  expect(web?.succeededAt).toEqual(web?.endedAt)
  const second = await mirror(world, [
    ['web', 'absent'],
    ['api', 'api'],
  ])
  await world.ended(second.runs, second.run)
  await expect
    .poll(() => schedules.results())
    .toMatchObject([
      { name: 'api', state: 'done', run: second.run },
      { name: 'web', state: 'failed', run: second.run, succeededAt: web?.succeededAt },
    ])
})

it('a canceled run is a result, too', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  const canceled = await mirror(world, [['web', 'web']])
  await canceled.runs.cancel(canceled.run)
  await coordinator(world)
  await expect.poll(() => schedules.results()).toMatchObject([{ name: 'web', state: 'canceled' }])
})

it('what ended 90 days ago is forgotten at the next end, unless it has a schedule', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  for (const name of ['old', 'kept', 'new']) world.remote.push(imageOf([name]), `registry.test/${name}:1`)
  await schedules.apply(file(request('kept', { every: 365 * day })))
  await Promise.all([coordinator(world), world.worker()])
  await said(world, 'kept started')
  const old = await mirror(world, [['old', 'old']])
  await world.ended(old.runs, old.run)
  await expect.poll(async () => (await schedules.results()).map(({ name }) => name)).toEqual(['kept', 'old'])
  const redis: Redis = world.connect()
  for (const name of ['kept', 'old']) await redis.zadd('{dist}:result-times', Date.now() - 91 * day, name)
  const last = await mirror(world, [['new', 'new']])
  await world.ended(last.runs, last.run)
  await expect.poll(async () => (await schedules.results()).map(({ name }) => name)).toEqual(['kept', 'new'])
})
