import { openSchedules } from '@dist/queue'
import type { ScheduledFile, ScheduleRequest, Schedules } from '@dist/runs'
import { waitFor } from '@dist/testkit/servers'
import { Queue } from 'bullmq'
import { afterEach, expect, it, vi } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { startRun } from '../../../packages/queue/src/schedule/start.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'

const queue = useQueue()
const opened: AsyncDisposable[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]()
})

function schedulesOf(world: QueueWorld): Schedules {
  const schedules = openSchedules({ connect: () => world.connect(), tuning: world.tuning })
  opened.push(schedules)
  return schedules
}

const hourly = { pattern: '0 * * * *', timeZone: 'UTC' } as const
const daily = { every: 86_400_000 } as const

function request(name: string, timing: ScheduleRequest['timing'] = hourly): ScheduleRequest {
  const text = JSON.stringify({ version: 1, mirrors: [{ name, from: `registry.test/${name}:1` }] })
  return { name, timing, sources: { text, language: 'json' } }
}

const file = (...requests: ScheduleRequest[]): ScheduledFile => ({ file: '/etc/dist.yaml', requests })

/** A coordinator that lists no registry: the entries name images. */
const coordinator = (world: QueueWorld, parts: Parameters<QueueWorld['coordinator']>[0] = {}) =>
  world.coordinator({
    lists: { repository: unlisted, repositories: unlisted, datedTags: unlisted },
    ...parts,
  })
function unlisted(): never {
  throw new Error('nothing is listed')
}

/** Has the next job of each schedule be due now. */
async function hurry(world: QueueWorld): Promise<void> {
  const jobs = new Queue('schedules', { connection: world.connect(), prefix: '{dist}' })
  for (const job of await jobs.getDelayed()) await job.promote()
}

const startsOf = (world: QueueWorld) =>
  world.events.flatMap((event) => (event.type === 'schedule' ? [`${event.schedule} ${event.state}`] : []))

const said = (world: QueueWorld, ...expected: string[]) =>
  waitFor(() => expected.every((each) => startsOf(world).includes(each)), expected.join(', '))

it('an interval starts a run at once, and from then on at its times; the run tells its schedule', async () => {
  const world = queue()
  world.remote.push(imageOf(['web']), 'registry.test/web:1')
  const schedules = schedulesOf(world)
  const before = Date.now()
  expect(await schedules.apply(file(request('web', daily)))).toEqual({
    added: ['web'],
    changed: [],
    unchanged: [],
    removed: [],
  })
  await Promise.all([coordinator(world), world.worker()])
  await said(world, 'web started')
  const runs = world.runs()
  const [run] = await runs.list()
  expect(await world.ended(runs, run?.id ?? '')).toMatchObject({
    state: 'done',
    schedule: 'web',
    images: { done: 1 },
  })
  const [status] = await schedules.list()
  expect(status).toMatchObject({
    name: 'web',
    file: '/etc/dist.yaml',
    timing: daily,
    paused: false,
    skipped: 0,
    run: { id: run?.id, state: 'done' },
  })
  const next = status?.next?.getTime() ?? 0
  expect(next).toBeGreaterThanOrEqual(before + daily.every)
  expect(next).toBeLessThan(Date.now() + daily.every)
})

it('what was missed while no service ran is made up for once (Q21), also after the file was applied again', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(Date.now() - 5 * 3_600_000)
  await schedules.apply(file(request('web')))
  vi.useRealTimers()
  const [overdue] = await schedules.list()
  expect(overdue?.next?.getTime()).toBeLessThan(Date.now() - 3 * 3_600_000)
  expect(await schedules.apply(file(request('web')))).toMatchObject({ unchanged: ['web'] })
  await coordinator(world)
  await said(world, 'web started')
  const [after] = await schedules.list()
  expect(after?.next?.getTime()).toBeGreaterThan(Date.now())
  expect(await world.runs().list()).toHaveLength(1)
})

it.each([
  ['skips', '2026-03-28T20:00Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
  ['doubles', '2026-10-24T20:00Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
])('an hour that daylight saving %s is due once', async (_, evening, due, after) => {
  const world = queue()
  const schedules = schedulesOf(world)
  const next = async () => (await schedules.list())[0]?.next
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(new Date(evening))
  await schedules.apply(file(request('web', { pattern: '30 2 * * *', timeZone: 'Europe/Berlin' })))
  expect(await next()).toEqual(new Date(due))
  vi.setSystemTime(Date.parse(due) + 1)
  await coordinator(world)
  await said(world, 'web started')
  expect(await next()).toEqual(new Date(after))
})

it('a run that is still going is not started again: the start that is left out is told and counted', async () => {
  const world = queue()
  world.remote.push(imageOf(['web']), 'registry.test/web:1')
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('web', daily)))
  await coordinator(world)
  await said(world, 'web started')
  await hurry(world)
  await said(world, 'web skipped')
  const runs = world.runs()
  const [run] = await runs.list()
  expect(await schedules.list()).toMatchObject([{ skipped: 1, run: { id: run?.id, state: 'running' } }])
  await expect(schedules.run('web')).rejects.toMatchObject({
    code: 'IN_USE',
    message: expect.stringContaining(`its run ${run?.id} is still going`),
  })
  await world.worker()
  await world.ended(runs, run?.id ?? '')
  const second = await schedules.run('web')
  expect(await runs.status(second)).toMatchObject({ schedule: 'web' })
  expect(await schedules.list()).toMatchObject([{ skipped: 0, run: { id: second } }])
  expect(await runs.list()).toHaveLength(2)
})

it('a paused schedule starts nothing, and is started by hand all the same', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('web'), request('other')))
  await schedules.pause('web')
  await coordinator(world)
  await hurry(world)
  await said(world, 'other started')
  // Both jobs are gone: that of the paused schedule has started nothing.
  const [other, web] = await schedules.list()
  expect(other?.run?.state).toBeDefined()
  expect(web).toMatchObject({ paused: true, next: undefined, run: undefined })
  const run = await schedules.run('web')
  await schedules.resume('web')
  expect((await schedules.list())[1]).toMatchObject({
    paused: false,
    next: expect.any(Date),
    run: { id: run },
  })
})

it('a file replaces its earlier version, and no schedule of another file', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('a'), request('b'), request('c')))
  await schedules.apply({ file: 'others', requests: [request('z')] })
  const times = async () => Object.fromEntries((await schedules.list()).map(({ name, next }) => [name, next]))
  const before = await times()
  const changed = {
    ...request('b'),
    sources: { ...request('b').sources, text: `${request('b').sources.text} ` },
  }
  const moved = request('c', { pattern: '30 4 * * *', timeZone: 'Asia/Kolkata' })
  expect(await schedules.apply(file(changed, moved, request('d')))).toEqual({
    added: ['d'],
    changed: ['b', 'c'],
    unchanged: [],
    removed: ['a'],
  })
  const after = await times()
  expect(Object.keys(after)).toEqual(['b', 'c', 'd', 'z'])
  expect(after.b).toEqual(before.b)
  expect(after.c?.toISOString()).toMatch(/T23:00:00/)
  await expect(schedules.apply(file(request('e'), request('z')))).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    message: expect.stringContaining('it is of the mirror file others'),
  })
  expect(await times()).toEqual(after)
})

it('a schedule that is removed starts nothing more; its runs stay', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('web')))
  const run = await schedules.run('web')
  await schedules.remove('web')
  expect(await schedules.list()).toEqual([])
  expect(await world.connect().zcard('{dist}:schedules:delayed')).toBe(0)
  expect(await world.runs().status(run)).toMatchObject({ schedule: 'web' })
  for (const call of ['remove', 'pause', 'resume', 'run'] as const)
    await expect(schedules[call]('web')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

it('two coordinators start one run for each time (Q19)', async () => {
  const world = queue()
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  await schedulesOf(world).apply(file(...names.map((name) => request(name, daily))))
  await Promise.all([coordinator(world), coordinator(world)])
  await said(world, ...names.map((name) => `${name} started`))
  expect(startsOf(world).sort()).toEqual(names.map((name) => `${name} started`))
  expect(await world.runs().list()).toHaveLength(names.length)
})

it('an occasion that is delivered twice starts one run, also when the first time ended before the run was there', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('web')))
  const redis = world.connect()
  const client = Reflect.get(schedules, 'client') as Parameters<typeof startRun>[0]
  const [id = '', text = ''] = Object.entries(await redis.hgetall('{dist}:schedule-list'))[0] ?? []
  const occasion = { due: 'repeat:1', counts: true }
  const { run } = await startRun(client, id, JSON.parse(text), occasion)
  await redis.del(`{dist}:run:${run}`)
  expect(await startRun(client, id, JSON.parse(text), occasion)).toEqual({ state: 'started', run })
  expect(await startRun(client, id, JSON.parse(text), occasion)).toEqual({ state: 'started', run })
  expect((await world.runs().list()).map((each) => each.id)).toEqual([run])
})

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
  const versions = [file(request('web', daily))]
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

it('a start that fails is told with its reason, and the next time has another try', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('web')))
  const redis = world.connect()
  const [id = '', text = ''] = Object.entries(await redis.hgetall('{dist}:schedule-list'))[0] ?? []
  const broken = { ...JSON.parse(text), sources: { text: 'version: 9', language: 'yaml' } }
  await redis.hset('{dist}:schedule-list', id, JSON.stringify(broken))
  await coordinator(world)
  await hurry(world)
  await said(world, 'web failed')
  await waitFor(async () => (await schedules.list())[0]?.error !== undefined, 'the error')
  const [status] = await schedules.list()
  expect(status?.error).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('mirror file, line 1'),
  })
  expect(status?.next).toBeInstanceOf(Date)
  expect(await redis.zcard('{dist}:schedules:failed')).toBe(0)
  await schedules.apply(file(request('web')))
  await hurry(world)
  await said(world, 'web started')
  expect((await schedules.list())[0]?.error).toBeUndefined()
})
