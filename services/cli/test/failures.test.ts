import { expect, it } from 'vitest'
import { FailureGroups, sharedCause } from '../src/report/failures.js'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`

it('failures of one cause are one group, whatever names, digests and times they carry', () => {
  const groups = new FailureGroups()
  for (const i of [1, 2, 3])
    groups.add({
      reference: `a.test/x:${i}`,
      message: `a.test/x:${i}: ${digest(String(i))}: a.test:1 refuses the connection; it is asked again in ${i} s`,
    })
  groups.add({ reference: 'a.test/y:1', message: 'a.test/y:1: the registry has no such tag' })
  expect(groups.remarks().map(({ text }) => text)).toEqual([
    '3 images: sha256:…: a.test:1 refuses the connection; it is asked again in …',
    'a.test/y:1: the registry has no such tag',
  ])
})

it('a group is worth being said again when it has grown', () => {
  const groups = new FailureGroups()
  const failed = { reference: 'a.test/x:1', message: 'nobody answers' }
  groups.add(failed)
  const [before] = groups.remarks()
  groups.add({ ...failed, reference: 'a.test/x:2' })
  const [after] = groups.remarks()
  expect(after).toMatchObject({ key: before?.key, text: '2 images: nobody answers' })
  expect(after?.stamp).not.toBe(before?.stamp)
})

it('a cause cannot move the cursor, and is one line', () => {
  const cause = sharedCause({ reference: 'a', message: `\u001b[2Jtwo\nlines ${'x'.repeat(999)}` })
  expect(cause).not.toMatch(/\p{Cc}/u)
  expect(cause.length).toBeLessThanOrEqual(300)
})
