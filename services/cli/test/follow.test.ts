import { DistError } from '@dist/errdefs'
import type { RunStatus } from '@dist/runs'
import { expect, it, vi } from 'vitest'
import { followRun } from '../src/runs/follow.js'
import { FakeRuns, runStatus } from './support/runs.js'

const away = new DistError('UNAVAILABLE', 'redis: away')
const options = (signal = new AbortController().signal) => ({
  signal,
  onStatus: vi.fn<(status: RunStatus) => void>(),
  onAway: vi.fn(),
  every: 1,
})

it('the status is read until the run has ended, and each status is reported', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus(), runStatus(), runStatus({ state: 'failed' })])
  const o = options()
  expect(await followRun(runs, 'r1', o)).toMatchObject({ state: 'failed' })
  expect(o.onStatus).toHaveBeenCalledTimes(3)
})

it.each([
  ['lost', runStatus({ state: 'lost' })],
  ['unknown', new DistError('NOT_FOUND', 'no run')],
])('the result of a run that is %s is undefined', async (_, look) => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus(), look])
  expect(await followRun(runs, 'r1', options())).toBeUndefined()
})

it('an unavailable queue is awaited and reported once for each outage', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [away, away, runStatus(), away, runStatus({ state: 'done' })])
  const o = options()
  expect(await followRun(runs, 'r1', o)).toMatchObject({ state: 'done' })
  expect(o.onAway).toHaveBeenCalledTimes(2)
})

it('every other failure is thrown', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [new DistError('UNAUTHENTICATED', 'who?')])
  await expect(followRun(runs, 'r1', options())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

it('a signal ends the wait at once, also during a request', async () => {
  const controller = new AbortController()
  const runs = new FakeRuns()
  runs.status = () => new Promise<RunStatus>(() => controller.abort('SIGINT'))
  await expect(followRun(runs, 'r1', options(controller.signal))).rejects.toMatchObject({ code: 'CANCELED' })
})
