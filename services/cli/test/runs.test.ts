import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { openReport } from '../src/report/report.js'
import { cancelRun } from '../src/runs/cancel.js'
import { retryRun } from '../src/runs/retry.js'
import { showRuns } from '../src/runs/runs.js'
import { type StatusOptions, showStatus } from '../src/runs/status.js'
import { captured } from './support/context.js'
import { day, FakeRuns, failedReport, imageReport, runStatus } from './support/runs.js'

async function shown(runs: FakeRuns, name: string | undefined, options: StatusOptions = {}) {
  const { context, stdout, stderr } = captured()
  await using report = await openReport(context, options)
  const code = await showStatus(context, name, options, { runs, report, every: 1 })
  return { code, stdout: stdout(), stderr: stderr() }
}

it('runs are listed as a table and as JSON', async () => {
  const runs = new FakeRuns()
  runs.known = [runStatus({ id: 'new' }), runStatus({ id: 'old', state: 'failed', schedule: 'nightly' })]
  const table = captured()
  expect(await showRuns(table.context, {}, runs)).toBe(0)
  expect(table.stdout()).toMatch(
    /^RUN +KIND +STATE +AGE +IMAGES +FAILED +BYTES +TO +SCHEDULE\nnew +mirror +running +\S+ +0\/2 +0 +1000 B +- +-\nold .* nightly\n/,
  )
  const json = captured()
  await showRuns(json.context, { json: true }, runs)
  expect(JSON.parse(json.stdout().split('\n')[0] ?? '')).toMatchObject({
    id: 'new',
    createdAt: day.toISOString(),
  })
})

it('status shows the latest run with its failures', async () => {
  const runs = new FakeRuns()
  runs.known = [runStatus({ id: 'new', platforms: ['linux/amd64'] }), runStatus({ id: 'old' })]
  runs.reports = [imageReport(0), ...[...Array(25).keys()].map((i) => failedReport(i + 1))]
  const { code, stdout } = await shown(runs, undefined)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^run +new\nkind +mirror\nstate +running\n/)
  expect(stdout).toMatch(/^platforms +linux\/amd64$/m)
  expect(stdout).toMatch(/^images +0\/2 done, 0 failed, 2 in flight$/m)
  expect(stdout.match(/^failed .*no such tag$/gm)).toHaveLength(20)
  expect(stdout).toContain('and 5 more')
})

it('status of a run with many failed images has their causes, and a retry takes one of them', async () => {
  const runs = new FakeRuns()
  const images = { total: 50, done: 0, failed: 50, canceled: 0, active: 0 }
  runs.looks.set('r1', [runStatus({ state: 'failed', images })])
  const cause = {
    id: 'c1',
    code: 'NOT_FOUND',
    host: 'docker.io',
    message: 'no such tag',
    images: 50,
    example: 'a',
  } as const
  runs.failureCauses = [cause]
  runs.reports = [...Array(50).keys()].map((i) => failedReport(i))
  expect((await shown(runs, 'r1')).stdout).toMatch(/^cause {6}c1 {2}50 images: docker\.io: no such tag$/m)
  expect(JSON.parse((await shown(runs, 'r1', { json: true })).stdout).causes).toEqual([cause])
  const { context, stderr } = captured()
  expect(await retryRun(context, 'r1', { cause: 'c1' }, runs)).toBe(0)
  expect(runs.retries).toEqual([{ cause: 'c1' }])
  expect(stderr()).toContain('no image has failed for the cause c1')
})

it('status names the schedule that started the run, and schedules that Redis has lost, whichever run is shown', async () => {
  const runs = new FakeRuns()
  const lost = { kind: 'lost-schedules', names: ['nightly'], at: day } as const
  const obstacles = async (run?: string) => (run === undefined ? [lost] : [])
  const { context, stdout, stderr } = captured()
  await using report = await openReport(context, {})
  await expect(showStatus(context, undefined, {}, { runs, report, obstacles })).rejects.toThrow('has no run')
  expect(stderr()).toMatch(
    /^dist: Redis lost a schedule at 2026-01-01T00:00:00Z \(nightly\): apply the mirror file/,
  )
  runs.known = [runStatus({ schedule: 'base' })]
  await showStatus(context, undefined, {}, { runs, report, obstacles })
  expect(stdout()).toMatch(/^schedule +base$/m)
  expect(stdout()).not.toContain('lost')
})

it('JSON status has the first failures', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus()])
  runs.reports = [...Array(150).keys()].map((i) => failedReport(i))
  const { stdout } = await shown(runs, 'r1', { json: true })
  const status = JSON.parse(stdout)
  expect(status).toMatchObject({ id: 'r1', state: 'running', images: { total: 2 } })
  expect(status.failures).toHaveLength(100)
})

it('an unknown run is NOT_FOUND with advice, also in an empty queue', async () => {
  const runs = new FakeRuns()
  await expect(shown(runs, undefined)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const unknown = { code: 'NOT_FOUND', message: expect.stringContaining('submit it again with dist mirror') }
  await expect(shown(runs, 'r1')).rejects.toMatchObject(unknown)
  const { context } = captured()
  await expect(retryRun(context, 'r1', {}, runs)).rejects.toMatchObject(unknown)
  await expect(cancelRun(context, 'r1', {}, runs)).rejects.toMatchObject(unknown)
})

it('runs are filtered by state and limited to the newest', async () => {
  const runs = new FakeRuns()
  runs.known = [
    runStatus({ id: 'c', state: 'failed' }),
    runStatus({ id: 'b' }),
    runStatus({ id: 'a', state: 'failed' }),
  ]
  const listed = async (options: object) => {
    const { context, stdout } = captured()
    await showRuns(context, { json: true, ...options }, runs)
    return stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id)
  }
  expect(await listed({ state: 'failed' })).toEqual(['c', 'a'])
  expect(await listed({ limit: 2 })).toEqual(['c', 'b'])
  expect(await listed({ state: 'failed', limit: 1 })).toEqual(['c'])
})

it('status, retry and cancel accept a prefix of the id', async () => {
  const runs = new FakeRuns()
  runs.looks.set('01hx3kabcd', [runStatus({ id: '01hx3kabcd' })])
  runs.retried = 2
  expect((await shown(runs, '01hx')).stdout).toMatch(/^run +01hx3kabcd\n/)
  const retried = captured()
  expect(await retryRun(retried.context, '01hx', { json: true }, runs)).toBe(0)
  expect(JSON.parse(retried.stdout())).toEqual({ run: '01hx3kabcd', images: 2 })
  const cancelled = captured()
  expect(await cancelRun(cancelled.context, '01hx', {}, runs)).toBe(0)
  expect(cancelled.stdout()).toBe('01hx3kabcd\n')
  expect(runs.canceled).toEqual(['01hx3kabcd'])
})

it('a lost run is reported', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus({ state: 'lost' })])
  const { code, stdout, stderr } = await shown(runs, 'r1')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^state +lost$/m)
  expect(stderr).toContain('run r1 is lost')
  await expect(shown(runs, 'r1', { watch: true })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

it('--watch ends with the report and the exit code of the run', async () => {
  const runs = new FakeRuns()
  const away = new DistError('UNAVAILABLE', 'redis: away')
  runs.looks.set('r1', [runStatus(), away, runStatus({ state: 'failed' })])
  runs.reports = [imageReport(0), failedReport(1)]
  const { code, stdout, stderr } = await shown(runs, 'r1', { watch: true })
  expect(code).toBe(6)
  expect(stdout).toContain('2 images: 1 done, 1 failed')
  expect(stderr).toContain('redis: away: waiting for the queue')
})

it('retry prints the number of images, cancel prints the run', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus()])
  runs.retried = 3
  const retried = captured()
  expect(await retryRun(retried.context, 'r1', {}, runs)).toBe(0)
  expect(retried.stdout()).toBe('r1 3 images\n')
  runs.retried = 0
  const nothing = captured()
  await retryRun(nothing.context, 'r1', { json: true }, runs)
  expect(nothing.stdout()).toBe('{"run":"r1","images":0}\n')
  expect(nothing.stderr()).toContain('no image has failed')
  const canceled = captured()
  expect(await cancelRun(canceled.context, 'r1', {}, runs)).toBe(0)
  expect(canceled.stdout()).toBe('r1\n')
  expect(runs.canceled).toEqual(['r1'])
})
