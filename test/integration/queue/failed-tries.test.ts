import { DistError } from '@dist/errdefs'
import { connectRedis } from '@dist/redis'
import { startRedis } from '@dist/testkit/servers'
import { afterAll, expect, it } from 'vitest'
import { Keys } from '../../../packages/queue/src/redis/keys.js'
import { RunStates } from '../../../packages/queue/src/state/states.js'
import { noteTry, readTries } from '../../../packages/queue/src/state/tries.js'
import { forFile } from '../support/servers.js'

const server = await forFile(startRedis())
const redis = await connectRedis(server.url)
afterAll(() => redis.disconnect())
const keys = new Keys()
const run = 'abcdefabcdef12'
const errors: unknown[] = []
const engine = {
  states: new RunStates(redis, keys),
  presence: undefined,
  emit: (event: unknown) => void errors.push(event),
}

const note = (index: number, error: unknown) => noteTry(engine, { run, index }, error)
const triesOf = async (index: number) => readTries(await redis.hget(keys.tries(run), String(index)))

it('the last 20 tries of an image are kept, of at most 1,000 images, and none of a run that is removed', async () => {
  await note(0, new Error('too early'))
  expect(await redis.exists(keys.tries(run))).toBe(0)
  await redis.hset(keys.run(run), 'state', 'running')
  for (let i = 0; i < 25; i++) await note(3, new DistError('UNAVAILABLE', `line one\nof try ${i}`))
  const found = await triesOf(3)
  expect(found).toHaveLength(20)
  expect(found[0]?.error.message).toMatch(/of try 5$/)
  expect(found.at(-1)?.error).toEqual({ code: 'UNAVAILABLE', message: expect.stringMatching(/of try 24$/) })
  expect(await redis.pttl(keys.tries(run))).toBeGreaterThan(6 * 86_400_000)
  for (let index = 10; index < 1_020; index++) await note(index, new DistError('NOT_FOUND', 'is absent'))
  expect(await redis.hlen(keys.tries(run))).toBe(1_000)
  expect(await triesOf(1_019)).toEqual([])
  expect(errors).toEqual([])
})

it('what asked no host, or was stopped, is no try', async () => {
  await note(4, new DistError('UNAVAILABLE', 'is paused', { paused: true }))
  await note(4, new DistError('CANCELED', 'was stopped'))
  expect(await triesOf(4)).toEqual([])
})
