import type { WorkerStatus } from '@dist/redis'
import { expect, it } from 'vitest'
import { lookAtWorkers } from '../src/content/active.js'
import { showActive } from '../src/content/active-view.js'
import { captured } from './support/context.js'

const later = (milliseconds: number) => new Date(1_000_000 + milliseconds)
const status = (worker: string, age: number): WorkerStatus => ({
  worker,
  ref: 'layer-sha256:aa',
  offset: 4096,
  total: 8192,
  startedAt: later(0),
  updatedAt: later(age),
})
/** Statuses for two looks. Between them each worker writes for one second. */
function statuses() {
  let looks = 0
  return {
    async *list() {
      const more = looks++ * 1000
      yield { ...status('young', 1000 + more), offset: 4096 + more }
      yield { ...status('old', 4000 + more), offset: 4096 + 2 * more }
    },
  }
}

it('the table has the writes of all workers, the oldest first, with ages by the clocks of the workers', async () => {
  const { context, stdout } = captured()
  expect(await showActive(context, { workers: true, pause: 1 }, lookAtWorkers(statuses()))).toBe(0)
  const [head, first, second] = stdout().split('\n')
  expect(head).toMatch(/^REF +WORKER +OFFSET +TOTAL +AGE +SPEED$/)
  expect(first).toMatch(/^layer-sha256:aa +old +6\.0 KiB +8\.0 KiB +5\.0s +2\.0 KiB\/s$/)
  expect(second).toMatch(/ young .* 2\.0s +1000 B\/s$/)
})

it('JSON output names the worker', async () => {
  const { context, stdout } = captured()
  await showActive(context, { workers: true, json: true, pause: 1 }, lookAtWorkers(statuses()))
  expect(JSON.parse(stdout().split('\n')[0] ?? '')).toEqual({
    worker: 'old',
    ref: 'layer-sha256:aa',
    offset: 6096,
    total: 8192,
    startedAt: later(0).toISOString(),
    updatedAt: later(5000).toISOString(),
    age: 5,
    speed: 2000,
  })
})
