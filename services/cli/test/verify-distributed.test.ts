import { expect, it } from 'vitest'
import { type VerifyOptions, verify, verifyDistributed } from '../src/images/verify.js'
import { openReport } from '../src/report/report.js'
import { captured } from './support/context.js'
import { FakeRuns, failedReport, imageReport, runStatus } from './support/runs.js'

// The command imports this module on demand. The first import takes longer than the timeout of a test.
await import('@dist/wiring/queue')

const damaged = {
  code: 'FAILED_PRECONDITION',
  message: 'sha256:1: is damaged',
} as const

async function verified(runs: FakeRuns, texts: string[] = [], options: VerifyOptions = {}) {
  const { context, stdout, stderr } = captured()
  await using report = await openReport(context, options)
  const code = await verifyDistributed(context, texts, options, { runs, report, every: 1 })
  return { code, stdout: stdout(), stderr: stderr() }
}

function ended(...reports: FakeRuns['reports']): FakeRuns {
  const runs = new FakeRuns()
  runs.looks.set('r1', [runStatus({ kind: 'verify', state: 'failed' })])
  runs.reports = reports
  return runs
}

it('without references the run verifies the whole store, and the command resolves no names', async () => {
  const runs = ended(imageReport(0), imageReport(1))
  const { code, stdout, stderr } = await verified(runs)
  expect(code).toBe(0)
  expect(runs.submitted).toMatchObject([{ kind: 'verify', references: [] }])
  expect(stderr).toContain('a verification of all images of the store submitted')
  expect(stdout).toContain('2 images: 2 done; verified 6 objects')
})

it('references are submitted as written, each once', async () => {
  const runs = ended(imageReport(0))
  await verified(runs, ['latest', 'alpine:3.20', 'latest'])
  expect(runs.references).toEqual([['latest', 'alpine:3.20']])
})

it.each([
  ['something is damaged', [imageReport(0), failedReport(1, { error: damaged })], 5],
  ['something is missing, and nothing worse', [imageReport(0), failedReport(1)], 3],
  ['content is damaged and missing', [failedReport(0), failedReport(1, { error: damaged })], 5],
  ['the store did not answer', [failedReport(0, { error: { code: 'UNAVAILABLE', message: 'away' } })], 5],
])('the exit code when %s', async (_, reports, exit) => {
  const { code, stderr } = await verified(ended(...reports))
  expect(code).toBe(exit)
  expect(stderr).toContain('dist retry r1 verifies the bad content again')
})

it('a canceled run is not a success', async () => {
  const runs = ended(imageReport(0), failedReport(1, { state: 'canceled' }))
  runs.looks.set('r1', [runStatus({ kind: 'verify', state: 'canceled' })])
  expect((await verified(runs)).code).not.toBe(0)
})

it('the reason is reported when the names of the store cannot be listed', async () => {
  const runs = ended()
  const error = { code: 'PERMISSION_DENIED', message: 'the bucket may not be listed' } as const
  runs.looks.set('r1', [runStatus({ kind: 'verify', state: 'failed', error })])
  const { code, stderr } = await verified(runs)
  expect(code).toBe(4)
  expect(stderr).toContain('run r1: the bucket may not be listed')
})

it('JSON has the verified objects of each image', async () => {
  const { stdout } = await verified(ended(imageReport(0)), [], { json: true })
  expect(JSON.parse(stdout)).toMatchObject({ run: 'r1', verified: { objects: 3 }, shared: { objects: 1 } })
})

it('--detach prints the run', async () => {
  expect((await verified(new FakeRuns(), [], { detach: true })).stdout).toBe('r1\n')
})

it.each([
  ['--detach without a queue', { detach: true }],
  ['--report without a queue', { report: '/nonexistent/x' }],
  ['--report with --detach', { detach: true, report: '/nonexistent/x', queue: 'redis://127.0.0.1:1' }],
])('%s is a usage error', async (_, options) => {
  await expect(verify(captured().context, [], options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
