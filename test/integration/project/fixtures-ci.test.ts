import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../../infra/ci/summary.mjs', import.meta.url))
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'summary-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function summarize(report: object | undefined, status: number) {
  const file = join(folder, 'report.json')
  if (report) writeFileSync(file, JSON.stringify(report))
  else rmSync(file, { force: true })
  const ended = spawnSync(process.execPath, [script, file, String(status)], { encoding: 'utf8' })
  return { line: ended.stdout.trimEnd().split('\n').at(-1), status: ended.status }
}

const suite = (...tests: string[]) => ({
  status: tests.includes('failed') ? 'failed' : 'passed',
  assertionResults: tests.map((status) => ({ status })),
})

it('counts what passed', () => {
  const report = { numPassedTests: 2, numFailedTests: 0, testResults: [suite('passed', 'passed')] }
  expect(summarize(report, 0)).toEqual({ line: '2 passed, 0 failed', status: 0 })
})

it('counts what failed, and a file that cannot be loaded as one failure', () => {
  const broken = { status: 'failed', assertionResults: [] }
  const report = { numPassedTests: 1, numFailedTests: 1, testResults: [suite('passed', 'failed'), broken] }
  expect(summarize(report, 1)).toEqual({ line: '1 passed, 2 failed', status: 1 })
})

it('counts an error outside of any test as a failure', () => {
  const report = { numPassedTests: 1, numFailedTests: 0, testResults: [suite('passed')] }
  expect(summarize(report, 1)).toEqual({ line: '1 passed, 1 failed', status: 1 })
})

it('fails where no test ran, whatever the exit status', () => {
  const report = { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  expect(summarize(report, 0)).toEqual({ line: '0 passed, 0 failed', status: 1 })
})

it('fails where there is no report: the set-up failed', () => {
  expect(summarize(undefined, 1)).toEqual({ line: '0 passed, 0 failed', status: 1 })
})
