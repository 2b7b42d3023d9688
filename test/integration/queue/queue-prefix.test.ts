import fastify from 'fastify'
import { expect, it } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { openJobCounts } from '../../../services/coordinator/src/measure/queues.js'
import { createBoard } from '../../../services/dashboard/src/board.js'
import { useQueue } from '../support/queue-world.js'

const queue = useQueue()
const prefix = '{dist}:two'

it('a queue with another prefix mirrors, and touches no key of the default one', async () => {
  const world = queue()
  world.remote.push(imageOf(['x']), 'registry.test/a:1')
  await Promise.all([world.coordinator({ prefix }), world.worker({ prefix })])
  const runs = world.runs({ prefix })
  const run = await runs.submit({ references: ['registry.test/a:1'], platforms: 'all' })
  expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
  const keys = await world.connect().keys('*')
  const foreign = keys.filter((key) => !key.startsWith(`${prefix}:`) && !key.startsWith('{dist}:lock:'))
  expect(foreign).toEqual([])
})

it('the metrics count the jobs of the prefix', async () => {
  const world = queue()
  await world.runs({ prefix }).submit({ references: ['registry.test/a:1'], platforms: 'all' })
  const count = (of?: string) => openJobCounts(world.connect(), of)()
  expect(await count(prefix)).toMatchObject({ runs: { waiting: 1 }, images: { waiting: 0 } })
  expect(await count()).toMatchObject({ runs: { waiting: 0 }, images: { waiting: 0 } })
})

it('the dashboard shows the jobs of the prefix', async () => {
  const world = queue()
  await world.runs({ prefix }).submit({ references: ['registry.test/a:1'], platforms: 'all' })
  const waiting = async (of?: string) => {
    await using server = fastify()
    const board = createBoard(world.connect(), { path: '/queues', isReadOnly: () => true, prefix: of })
    await server.register(board, { prefix: '/queues' })
    const { queues } = (await server.inject('/queues/api/queues')).json()
    return queues.map(({ name, counts }: { name: string; counts: { waiting: number } }) => [
      name,
      counts.waiting,
    ])
  }
  expect(await waiting(prefix)).toEqual([
    ['schedules', 0],
    ['runs', 1],
    ['images', 0],
    ['blobs', 0],
    ['notices', 0],
    ['questions', 0],
  ])
  expect(await waiting()).toEqual([
    ['schedules', 0],
    ['runs', 0],
    ['images', 0],
    ['blobs', 0],
    ['notices', 0],
    ['questions', 0],
  ])
})
