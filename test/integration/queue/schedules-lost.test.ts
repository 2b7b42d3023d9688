import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { useQueue } from '../support/queue-world.js'
import { coordinator, file, hurry, request, said, schedulesOf, startsOf } from '../support/schedules.js'

const queue = useQueue()

it('schedulers that Redis has lost are added again', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('a'), request('b')))
  const redis = world.connect()
  const [a] = await schedules.list()
  await redis.del(
    '{dist}:schedules:repeat',
    '{dist}:schedules:delayed',
    ...(await redis.keys('*:repeat:*:*')),
  )
  expect((await schedules.list())[0]?.next).toBeUndefined()
  await coordinator(world)
  await waitFor(async () => (await schedules.list()).every(({ next }) => next !== undefined), 'schedulers')
  expect((await schedules.list())[0]?.next).toEqual(a?.next)
})

it('a Redis that is wiped gets the schedules again from a coordinator that has them from a mirror file', async () => {
  const world = queue()
  const versions = [file(request('web', { every: 86_400_000 }))]
  await Promise.all([coordinator(world), coordinator(world, { readSchedules: async () => versions.shift() })])
  await said(world, 'web started')
  const redis = world.connect()
  // Each coordinator has seen the schedule.
  await waitFor(() => startsOf(world).includes('web applied'), 'the file')
  await redis.flushall()
  const schedules = schedulesOf(world)
  await waitFor(async () => (await schedules.list())[0]?.run !== undefined, 'the run of the schedule')
  expect(startsOf(world).filter((each) => each === 'web applied')).toHaveLength(2)
  expect(await redis.exists('{dist}:schedule-lost')).toBe(0)
})

it('a Redis that is wiped is reported where no coordinator has the mirror file, until it is applied again', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('a'), request('b')))
  await coordinator(world)
  await hurry(world)
  await said(world, 'a started', 'b started')
  const redis = world.connect()
  await redis.flushall()
  await said(world, 'a, b lost')
  expect(Object.keys(await redis.hgetall('{dist}:schedule-lost')).sort()).toEqual(['a', 'b'])
  await schedules.apply(file(request('a')))
  expect(Object.keys(await redis.hgetall('{dist}:schedule-lost'))).toEqual(['b'])
  await schedules.remove('b')
  expect(await redis.exists('{dist}:schedule-lost')).toBe(0)
})
