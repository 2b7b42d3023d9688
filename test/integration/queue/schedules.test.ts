import { waitFor } from '@dist/testkit/servers'
import { afterEach, expect, it, vi } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { startRun } from '../../../packages/queue/src/schedule/start.js'
import { useQueue } from '../support/queue-world.js'
import { coordinator, file, hurry, request, said, schedulesOf, startsOf } from '../support/schedules.js'

const queue = useQueue()
afterEach(() => void vi.useRealTimers())

const daily = { every: 86_400_000 } as const

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
    message: expect.stringContaining('it is of the mirror file others (0 * * * *'),
  })
  expect(await times()).toEqual(after)
  const taken = { ...file(request('b'), request('z')), force: true }
  expect(await schedules.apply(taken)).toMatchObject({ changed: ['b', 'z'], removed: ['c', 'd'] })
  expect(await schedules.list()).toMatchObject([
    { name: 'b' },
    { name: 'z', file: '/etc/dist.yaml', next: after.z },
  ])
})

it('a file that gets a name keeps the schedules that it had by its path', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  await schedules.apply(file(request('a'), request('b')))
  const named = { file: 'production', path: '/etc/dist.yaml', requests: [request('a')] }
  expect(await schedules.apply(named)).toMatchObject({ changed: ['a'], removed: ['b'] })
  expect(await schedules.apply({ ...named, path: '/elsewhere/dist.yaml' })).toMatchObject({
    unchanged: ['a'],
  })
  await expect(schedules.apply(file(request('a')))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

it('the oldest runs of a schedule are removed, unless they are going; those of others stay', async () => {
  const world = queue()
  const schedules = schedulesOf(world)
  const runs = world.runs()
  await schedules.apply(file(request('web'), request('other')))
  const other = await schedules.run('other')
  const started: string[] = []
  for (let count = 0; count < 4; count++) {
    started.unshift(await schedules.run('web'))
    await runs.cancel(started[0] ?? '')
  }
  await coordinator(world, { tuning: { keepScheduled: 2 } })
  const left = async () => (await runs.list()).map(({ id }) => id)
  await waitFor(async () => (await left()).length === 3, 'the removal of two runs')
  expect((await left()).sort()).toEqual([...started.slice(0, 2), other].sort())
  expect(await runs.list({ schedule: 'web', state: 'canceled' })).toHaveLength(2)
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
