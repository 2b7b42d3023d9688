import { DistError } from '@dist/errdefs'
import { parseReference } from '@dist/reference'
import { expect, it } from 'vitest'
import { type MirrorOptions, mirrorDistributed } from '../src/mirror/mirror.js'
import { References } from '../src/mirror/references.js'
import { openReport } from '../src/report/report.js'
import { captured } from './support/context.js'
import { FakeRuns, failedReport, imageReport, runStatus } from './support/runs.js'

// The command imports this module on demand. The first import takes longer than the timeout of a test.
await import('@dist/wiring/queue')

const references = new References()
for (const text of ['alpine:3.20', 'busybox']) references.add(parseReference(text))

async function mirrored(runs: FakeRuns, options: MirrorOptions = {}, controller = new AbortController()) {
  const { context, stdout, stderr } = captured({ signal: controller.signal })
  await using report = await openReport(context, options)
  const code = await mirrorDistributed(context, references, options, { runs, report, every: 1 })
  return { code, stdout: stdout(), stderr: stderr() }
}

it('a run is submitted, followed to its end and reported', async () => {
  const runs = new FakeRuns()
  const done = { total: 2, done: 2, failed: 0, canceled: 0, active: 0 }
  runs.looks.set('r1', [runStatus(), runStatus({ state: 'done', images: done })])
  runs.reports = [imageReport(0), imageReport(1)]
  const { code, stdout, stderr } = await mirrored(runs, { platform: ['linux/arm64', 'linux/amd64'] })
  expect(code).toBe(0)
  expect(runs.references).toEqual([['docker.io/library/alpine:3.20', 'docker.io/library/busybox:latest']])
  expect(runs.submitted[0]?.platforms).toEqual(['linux/amd64', 'linux/arm64'])
  expect(stderr).toContain('run r1: 2 images submitted')
  expect(stderr).toContain('images 2/2 done · blobs 1/4')
  expect(stdout).toContain('2 images: 2 done')
})

it('some failed images give exit code 6 and the command for a retry', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus({ state: 'failed' })])
  runs.reports = [imageReport(0), failedReport(1)]
  const { code, stderr } = await mirrored(runs)
  expect(code).toBe(6)
  expect(stderr).toContain('dist retry r1')
})

it('a canceled run is not a success', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus({ state: 'canceled' })])
  runs.reports = [failedReport(0, { state: 'canceled' })]
  const { code, stderr } = await mirrored(runs)
  expect(code).toBe(1)
  expect(stderr).toContain('run r1 was canceled')
})

it('--detach prints the run and the commands to follow it', async () => {
  const { code, stdout, stderr } = await mirrored(new FakeRuns(), { detach: true })
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'r1\n' })
  expect(stderr).toContain('dist status --watch r1')
  expect(stderr).toContain('dist cancel r1')
  expect((await mirrored(new FakeRuns(), { detach: true, json: true })).stdout).toBe('{"run":"r1"}\n')
})

it('missing services are reported', async () => {
  const runs = new FakeRuns()
  runs.storeId = undefined
  expect((await mirrored(runs, { detach: true })).stderr).toContain('dist coordinator and dist worker')
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('%s detaches and prints how to continue: %i', async (signal, exit) => {
  const controller = new AbortController()
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus()])
  runs.onLook = (_, count) => count === 2 && controller.abort(signal)
  const { code, stderr } = await mirrored(runs, {}, controller)
  expect(code).toBe(exit)
  expect(stderr).toContain('detached from run r1: the run continues')
  expect(stderr).toContain('dist status --watch r1')
  expect(runs.canceled).toEqual([])
})

it('a signal during the submission detaches, too, because the run exists', async () => {
  const controller = new AbortController()
  const runs = new FakeRuns()
  runs.onSubmit = () => controller.abort('SIGINT')
  const { code, stderr } = await mirrored(runs, {}, controller)
  expect(code).toBe(130)
  expect(stderr).toContain('dist cancel r1')
})

it('a run that the queue lost is submitted again, with a message', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus(), runStatus({ state: 'lost' })])
  runs.looks.set('r2', [runStatus({ id: 'r2', state: 'done' })])
  runs.reports = [imageReport(0), imageReport(1)]
  const { code, stderr } = await mirrored(runs)
  expect(code).toBe(0)
  expect(runs.references).toHaveLength(2)
  expect(runs.references[1]).toEqual(runs.references[0])
  expect(stderr).toContain('run r1 is lost')
  expect(stderr).toContain('submitted again as r2')
})

it('the submission is repeated until the starting queue accepts it', async () => {
  const runs = new FakeRuns()
  runs.looks.set('r3', [runStatus({ id: 'r3', state: 'done' })])
  runs.onSubmit = (count) => {
    if (count === 2) throw new DistError('UNAVAILABLE', 'loading')
  }
  expect((await mirrored(runs)).code).toBe(0)
})

it('a queue that loses every run is given up', async () => {
  const runs = new FakeRuns()
  await expect(mirrored(runs)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(runs.submitted).toHaveLength(11)
})

it('a refusal of the store by the queue is thrown', async () => {
  const runs = new FakeRuns()
  runs.onSubmit = () => {
    throw new DistError('INVALID_ARGUMENT', 'another store')
  }
  await expect(mirrored(runs)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

it('a missing store is refused before the submission', async () => {
  const runs = new FakeRuns()
  await expect(mirrored(runs, { store: '/nonexistent/store' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  expect(runs.submitted).toEqual([])
})
