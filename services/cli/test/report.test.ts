import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageReport } from '@dist/runs'
import { expect, it } from 'vitest'
import { openReport, type ReportOptions } from '../src/report/report.js'
import { captured } from './support/context.js'
import { failedReport, imageReport } from './support/runs.js'

async function written(images: ImageReport[], options: ReportOptions = {}, run?: string) {
  const { context, stdout, stderr } = captured()
  await using report = await openReport(context, options)
  const about = { total: images.length, run }
  const summary = await report.write(images, about)
  return { summary, stdout: stdout(), stderr: stderr() }
}

it('a report of a few images lists fetched and shared objects, then the totals', async () => {
  const { stdout, stderr } = await written([
    imageReport(1),
    imageReport(2, { upToDate: true, fetched: { objects: 0, bytes: 0 } }),
  ])
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(
      /^docker\.io\/library\/i1:1 sha256:0+1 {2}fetched 3 objects \(2\.0 KiB\), shared 1 object/,
    ),
    expect.stringMatching(/^docker\.io\/library\/i2:1 sha256:0+2 {2}up to date$/),
    '2 images: 2 done (1 up to date); fetched 3 objects (2.0 KiB), shared 2 objects (2.0 KiB)',
    '',
  ])
  expect(stderr).toBe('')
})

it('a report of many images has only the failures and the totals', async () => {
  const images = [...Array(500).keys()].map((i) => (i === 7 ? failedReport(i) : imageReport(i)))
  const { stdout, stderr, summary } = await written(images)
  expect(stdout).toMatch(/^500 images: 499 done, 1 failed; .*\n$/)
  expect(stderr).toBe('dist: docker.io/library/i7:1: the registry has no such tag\n')
  expect(summary.exitCode).toBe(6)
})

it('the number of reported failures is bounded', async () => {
  const message = (i: number) => ({ code: 'NOT_FOUND' as const, message: `reason ${i}` })
  const many = [...Array(150).keys()].map((i) => failedReport(i, { error: message(i) }))
  const { stderr, summary } = await written(many)
  expect(stderr.trimEnd().split('\n')).toHaveLength(101)
  expect(stderr).toContain('and 50 more images failed')
  expect(summary.exitCode).toBe(3)
})

it('failed blobs are named, and control characters are escaped', async () => {
  const failures = [{ digest: 'sha256:aa', code: 'UNAVAILABLE' as const, message: 'reset \x1b[2J' }]
  const { stderr } = await written([failedReport(1, { reference: 'a\x1b[2J', failures })])
  expect(stderr).toMatch(/dist: {3}sha256:aa: reset/)
  expect(stderr).not.toContain('\x1b')
})

it('JSON has all images, one object per line, on stdout and in the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dist-report-'))
  const file = join(folder, 'report.jsonl')
  const failures = [{ digest: 'sha256:aa', code: 'UNAVAILABLE' as const, message: 'reset' }]
  const images = [imageReport(1), failedReport(2, { failures })]
  const { stdout, stderr } = await written(images, { json: true, report: file }, 'r9')
  expect(readFileSync(file, 'utf8')).toBe(stdout)
  rmSync(folder, { recursive: true })
  const [first, second] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(first).toEqual({
    run: 'r9',
    name: 'docker.io/library/i1:1',
    state: 'done',
    digest: images[0]?.digest,
    upToDate: false,
    fetched: { objects: 3, bytes: 2048 },
    shared: { objects: 1, bytes: 1024 },
  })
  expect(second).toEqual({
    run: 'r9',
    name: 'docker.io/library/i2:1',
    state: 'failed',
    error: 'the registry has no such tag',
    code: 'NOT_FOUND',
    failures: [{ digest: 'sha256:aa', error: 'reset', code: 'UNAVAILABLE' }],
  })
  expect(stderr).toContain('2 images: 1 done, 1 failed')
})

it('a file that cannot be written is an error before the work begins', async () => {
  const opening = openReport(captured().context, { report: '/nonexistent/folder/report' })
  await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

it('a report replaces only an earlier report or an empty file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dist-report-'))
  const file = join(folder, 'file')
  for (const before of ['{"name":"from before"}\n', '']) {
    writeFileSync(file, before)
    await written([imageReport(1)], { report: file })
    expect(readFileSync(file, 'utf8')).toMatch(/^\{"name":"docker[^\n]*\n$/)
  }
  writeFileSync(file, 'alpine:3.20\n')
  await expect(openReport(captured().context, { report: file })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    message: expect.stringMatching(/file: exists already and is not a report/),
  })
  expect(readFileSync(file, 'utf8')).toBe('alpine:3.20\n')
  rmSync(folder, { recursive: true })
})

it.each([
  ['all are done', [imageReport(1)], 0],
  ['some failed', [imageReport(1), failedReport(2)], 6],
  ['all failed with one code', [failedReport(1), failedReport(2)], 3],
  [
    'all failed with different codes',
    [failedReport(1), failedReport(2, { error: { code: 'UNAUTHENTICATED', message: 'x' } })],
    1,
  ],
  ['some were canceled', [imageReport(1), failedReport(2, { state: 'canceled' })], 6],
  ['all were canceled', [failedReport(2, { state: 'canceled' })], 1],
  ['there are no images', [], 0],
])('the exit code when %s', async (_, images, code) => {
  expect((await written(images)).summary.exitCode).toBe(code)
})

it('a report that breaks off keeps the images that came before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dist-report-'))
  const file = join(folder, 'report.jsonl')
  async function* broken() {
    yield imageReport(1)
    throw new Error('the queue lost the rest')
  }
  const report = await openReport(captured().context, { report: file })
  await expect(report.write(broken(), { total: 2 })).rejects.toThrow('lost the rest')
  await report[Symbol.asyncDispose]()
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ name: 'docker.io/library/i1:1' })
  rmSync(folder, { recursive: true })
})
