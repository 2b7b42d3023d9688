import type { WorkerStatus } from '@dist/redis'
import { expect, it } from 'vitest'
import { lookAtWorkers } from '../src/actions/active.js'
import { showActive } from '../src/actions/active-view.js'
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
const statuses = {
  async *list() {
    yield status('young', 1000)
    yield status('old', 4000)
  },
}

it('writes of all workers by their names, the oldest first, by the workers’ own clocks', async () => {
  const { context, stdout } = captured()
  expect(await showActive(context, { workers: true }, lookAtWorkers(statuses))).toBe(0)
  const [head, first, second] = stdout().split('\n')
  expect(head).toMatch(/^REF +WORKER +OFFSET +TOTAL +AGE +SPEED$/)
  expect(first).toMatch(/^layer-sha256:aa +old +4\.0 KiB +8\.0 KiB +4\.0s +1\.0 KiB\/s$/)
  expect(second).toMatch(/ young .* 1\.0s +4\.0 KiB\/s$/)
})

it('as JSON with the worker', async () => {
  const { context, stdout } = captured()
  await showActive(context, { workers: true, json: true }, lookAtWorkers(statuses))
  expect(JSON.parse(stdout().split('\n')[0] ?? '')).toEqual({
    worker: 'old',
    ref: 'layer-sha256:aa',
    offset: 4096,
    total: 8192,
    startedAt: later(0).toISOString(),
    updatedAt: later(4000).toISOString(),
    age: 4,
    speed: 1024,
  })
})
