import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const scripts = fileURLToPath(new URL('../../../infra/ci/', import.meta.url))
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'summary-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function summarize(report: object | undefined, status: number) {
  const file = join(folder, 'report.json')
  if (report) writeFileSync(file, JSON.stringify(report))
  else rmSync(file, { force: true })
  const ended = spawnSync(process.execPath, [`${scripts}summary.mjs`, file, String(status)], {
    encoding: 'utf8',
  })
  return { line: ended.stdout.trimEnd().split('\n').at(-1), status: ended.status }
}

const suite = (...tests: string[]) => ({
  status: tests.includes('failed') ? 'failed' : 'passed',
  assertionResults: tests.map((status) => ({ status })),
})

it('counts what passed', () => {
  const report = { testResults: [suite('passed', 'passed')] }
  expect(summarize(report, 0)).toEqual({ line: '2 passed, 0 failed', status: 0 })
})

it('counts what failed, and a file that cannot be loaded as one failure', () => {
  const broken = { status: 'failed', assertionResults: [] }
  const report = { testResults: [suite('passed', 'failed'), broken] }
  expect(summarize(report, 1)).toEqual({ line: '1 passed, 2 failed', status: 1 })
})

it('counts an error outside of any test as a failure', () => {
  const report = { testResults: [suite('passed')] }
  expect(summarize(report, 1)).toEqual({ line: '1 passed, 1 failed', status: 1 })
})

it('fails where no test ran, whatever the exit status', () => {
  const report = { testResults: [] }
  expect(summarize(report, 0)).toEqual({ line: '0 passed, 0 failed', status: 1 })
})

it('fails where there is no report: the set-up failed', () => {
  expect(summarize(undefined, 1)).toEqual({ line: '0 passed, 0 failed', status: 1 })
})

describe('a whole run that failed', () => {
  const served = join(process.cwd(), 'test/integration/pull/a.test.ts')
  const failure = (name: string, message: string) => ({
    name,
    status: 'failed',
    assertionResults: [{ status: 'failed', failureMessages: [message] }, { status: 'passed' }],
  })

  /** The second run: it names its files on stdout, and each of them passes with two tests. */
  const second = `
    const names = process.argv.slice(1)
    console.log('again', ...names)
    const testResults = names.map((name) => ({
      name: process.cwd() + '/' + name,
      status: 'passed',
      assertionResults: [{ status: 'passed' }, { status: 'passed' }],
    }))
    require('node:fs').writeFileSync(process.env.DIST_TEST_REPORT, JSON.stringify({ testResults }))`

  function runAgain(...testResults: object[]) {
    const file = join(folder, 'report.json')
    writeFileSync(file, JSON.stringify({ testResults: [suite('passed'), ...testResults] }))
    const args = [`${scripts}again.mjs`, file, '1', process.execPath, '-e', second, '--']
    const ended = spawnSync(process.execPath, args, { encoding: 'utf8' })
    const ran = /^again (.*)$/m.exec(ended.stdout)?.[1]
    return { ran, status: ended.status, line: summarize(JSON.parse(readFileSync(file, 'utf8')), 0).line }
  }

  it('runs its failed files again, and their second results count', () => {
    expect(runAgain(failure(served, 'Error: late'))).toEqual({
      ran: 'test/integration/pull/a.test.ts',
      status: 0,
      line: '3 passed, 0 failed',
    })
  })

  it('runs a file again whose servers did not start', () => {
    const broken = { name: served, status: 'failed', assertionResults: [] }
    expect(runAgain(broken)).toMatchObject({ ran: 'test/integration/pull/a.test.ts', status: 0 })
  })

  it('runs nothing again where the run could not begin', () => {
    const args = [`${scripts}again.mjs`, join(folder, 'none.json'), '3', process.execPath, '-e', second, '--']
    const ended = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect([ended.status, ended.stdout, ended.stderr]).toEqual([3, '', ''])
  })

  it.each([
    ['a property failed', [failure(served, 'Error: Property failed after 3 tests')]],
    [
      'many files failed',
      Array.from({ length: 9 }, (_, i) => failure(served.replace('a.test', `${i}.test`), 'late')),
    ],
    ['an error is outside of any test', []],
  ])('runs nothing again where %s', (_, results) => {
    expect(runAgain(...results)).toMatchObject({ ran: undefined, status: 1 })
  })
})
