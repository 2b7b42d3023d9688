import { describe, expect, it } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'

const queue = useQueue()

/** Puts runs of these ids into Redis, created in this order, without images. */
async function putRuns(world: QueueWorld, ...ids: string[]) {
  const redis = world.connect()
  for (const [i, id] of ids.entries()) {
    const head = {
      kind: 'mirror',
      state: 'done',
      store: '',
      platforms: 'all',
      total: 0,
      chunks: 0,
      expanded: 0,
    }
    await redis.hset(`{dist}:run:${id}`, { ...head, round: 0, createdAt: i })
    await redis.zadd('{dist}:run-list', i, id)
  }
}

describe('a run id', () => {
  it('is resolved from its only prefix, and from the whole id', async () => {
    const world = queue()
    await putRuns(world, 'm5k2x9aa00000000', 'm5k2x9bb00000000', 'm6zzzzzz00000000')
    const runs = world.runs()
    expect(await runs.resolve('m5k2x9b')).toBe('m5k2x9bb00000000')
    expect(await runs.resolve('m6zz')).toBe('m6zzzzzz00000000')
    expect(await runs.resolve('m5k2x9aa00000000')).toBe('m5k2x9aa00000000')
  })

  it('is the one that is given whole, though another begins with it', async () => {
    const world = queue()
    await putRuns(world, 'm5k2x9aa00000000', 'm5k2x9aa000000001')
    expect(await world.runs().resolve('m5k2x9aa00000000')).toBe('m5k2x9aa00000000')
  })

  it('is NOT_FOUND when no run begins so', async () => {
    const world = queue()
    await putRuns(world, 'm5k2x9aa00000000')
    for (const prefix of ['m5k3', 'm5k2x9aa000000001', 'M5K2', 'm5k*', '../../x', 'm5k2 x9aa'])
      await expect(world.runs().resolve(prefix)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is INVALID_ARGUMENT with the candidates when several runs begin so', async () => {
    const world = queue()
    await putRuns(world, 'm5k2x9aa00000000', 'm5k2x9bb00000000')
    await expect(world.runs().resolve('m5k2')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/m5k2x9aa00000000, m5k2x9bb00000000; give more characters$/),
    })
    await putRuns(
      world,
      ...Array.from({ length: 200 }, (_, i) => `m5k2x9cc0000${String(i).padStart(4, '0')}`),
    )
    await expect(world.runs().resolve('m5k2x9cc')).rejects.toMatchObject({
      message: expect.stringMatching(/0003, m5k2x9cc00000004 and 195 more; give more characters$/),
    })
  })

  it('is INVALID_ARGUMENT below 4 characters', async () => {
    const world = queue()
    await putRuns(world, 'm5k2x9aa00000000')
    for (const prefix of ['', 'm5k'])
      await expect(world.runs().resolve(prefix)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('at least 4 characters'),
      })
  })
})

describe('a list of runs', () => {
  it('has the newest first, as many as were asked for', async () => {
    const world = queue()
    const ids = Array.from({ length: 250 }, (_, i) => `m5k2x9cc0000${String(i).padStart(4, '0')}`)
    await putRuns(world, ...ids)
    const newest = ids.toReversed()
    const listed = async (limit?: number) => (await world.runs().list({ limit })).map(({ id }) => id)
    expect(await listed()).toEqual(newest)
    expect(await listed(3)).toEqual(newest.slice(0, 3))
    expect(await listed(120)).toEqual(newest.slice(0, 120))
  })

  it('has the runs of one state, also with a limit', async () => {
    const world = queue()
    await putRuns(
      world,
      ...Array.from({ length: 150 }, (_, i) => `m5k2x9cc0000${String(i).padStart(4, '0')}`),
    )
    world.remote.push(imageOf(['x']), 'registry.test/a:1')
    const first = await world.submit('registry.test/a:1')
    const second = await world.submit('registry.test/a:1')
    const lost = await world.submit('registry.test/a:1')
    await world.connect().del(`{dist}:run:${lost.run}:references`)
    const { runs } = first
    const idsOf = async (filter: Parameters<typeof runs.list>[0]) =>
      (await runs.list(filter)).map(({ id }) => id)
    expect(await idsOf({ state: 'running' })).toEqual([second.run, first.run])
    expect(await idsOf({ state: 'running', limit: 1 })).toEqual([second.run])
    expect(await idsOf({ state: 'lost' })).toEqual([lost.run])
    expect(await idsOf({ state: 'done', limit: 2 })).toEqual(['m5k2x9cc00000149', 'm5k2x9cc00000148'])
    expect(await idsOf({ state: 'canceled' })).toEqual([])
  })
})
