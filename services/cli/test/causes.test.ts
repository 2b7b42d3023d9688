import type { ImageReport } from '@dist/runs'
import { expect, test } from 'vitest'
import { Causes } from '../src/report/failures.js'
import { failureLines } from '../src/report/report.js'

const failed = (reference: string, message: string): ImageReport => ({
  index: 0,
  reference,
  state: 'failed',
  error: { code: 'UNAVAILABLE', message },
})

test('failures of one cause are one line with the number of images, rare ones have lines of their own', () => {
  const causes = new Causes()
  for (let i = 0; i < 200; i++) {
    const name = `127.0.0.1:1/x/y:${i}`
    causes.add(failed(name, `${name}: 127.0.0.1:1 refuses the connection`))
  }
  for (const name of ['a.test/x:1', 'a.test/x:2']) causes.add(failed(name, `${name}: a.test is busy`))
  expect(causes.lines(failureLines)).toEqual([
    '200 images: 127.0.0.1:1 refuses the connection (127.0.0.1:1/x/y:0, 127.0.0.1:1/x/y:1 and 198 more)',
    'a.test/x:1: a.test is busy',
    'a.test/x:2: a.test is busy',
  ])
  expect(causes.beyond).toBe(0)
})

test('of very many causes the first are told, and the others counted', () => {
  const causes = new Causes()
  for (let i = 0; i < 150; i++) causes.add(failed(`a.test/x:${i}`, `reason ${i}`))
  expect(causes.lines(failureLines)).toHaveLength(100)
  expect(causes.beyond).toBe(50)
})
