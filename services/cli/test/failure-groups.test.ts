import type { ImageReport } from '@dist/runs'
import { sharedCause } from '@dist/runs'
import { expect, test } from 'vitest'
import { FailureGroups } from '../src/report/failures.js'
import { failureLines } from '../src/report/report.js'

const failed = (reference: string, message: string): ImageReport => ({
  index: 0,
  reference,
  state: 'failed',
  error: { code: 'UNAVAILABLE', message },
})

test('a report has one line for many failures of one cause, and one line for each of a few failures', () => {
  const groups = new FailureGroups()
  for (let i = 0; i < 200; i++) {
    const name = `127.0.0.1:1/x/y:${i}`
    groups.add(failed(name, `${name}: 127.0.0.1:1 refuses the connection`))
  }
  for (const name of ['a.test/x:1', 'a.test/x:2']) groups.add(failed(name, `${name}: a.test is busy`))
  expect(groups.lines(failureLines)).toEqual([
    '200 images: 127.0.0.1:1 refuses the connection (127.0.0.1:1/x/y:0, 127.0.0.1:1/x/y:1 and 198 more)',
    'a.test/x:1: a.test is busy',
    'a.test/x:2: a.test is busy',
  ])
  expect(groups.beyond).toBe(0)
})

test('the number of groups is bounded, and other failures are counted', () => {
  const groups = new FailureGroups()
  for (let i = 0; i < 150; i++) groups.add(failed(`a.test/x:${i}`, `reason ${i}`))
  expect(groups.lines(failureLines)).toHaveLength(100)
  expect(groups.beyond).toBe(50)
  expect(groups.remarks()).toHaveLength(101)
  expect(groups.remarks().at(-1)?.text).toBe('50 more images failed')
})

const digest = (digit: string) => `sha256:${digit.repeat(64)}`

test('failures of one cause form one group despite different names, digests and durations', () => {
  const groups = new FailureGroups()
  for (const i of [1, 2, 3])
    groups.add(
      failed(
        `a.test/x:${i}`,
        `a.test/x:${i}: ${digest(String(i))}: a.test:1 refuses the connection; it is asked again in ${i} s`,
      ),
    )
  groups.add(failed('a.test/y:1', 'a.test/y:1: the registry has no such tag'))
  expect(groups.remarks().map(({ text }) => text)).toEqual([
    '3 images: sha256:…: a.test:1 refuses the connection; it is asked again in …',
    'a.test/y:1: the registry has no such tag',
  ])
})

test('the stamp of a group changes when the group grows', () => {
  const groups = new FailureGroups()
  groups.add(failed('a.test/x:1', 'no answer'))
  const [before] = groups.remarks()
  groups.add(failed('a.test/x:2', 'no answer'))
  const [after] = groups.remarks()
  expect(after).toMatchObject({ key: before?.key, text: '2 images: no answer' })
  expect(after?.stamp).not.toBe(before?.stamp)
})

test('a cause is one line without control characters', () => {
  const cause = sharedCause(failed('a', `\u001b[2Jtwo\nlines ${'x'.repeat(999)}`))
  expect(cause).not.toMatch(/\p{Cc}/u)
  expect(cause.length).toBeLessThanOrEqual(300)
})
