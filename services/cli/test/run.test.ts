import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { describeError } from '../src/errors/describe.js'

it('our errors are told as they are; others as defects, made fit for a terminal', () => {
  expect(describeError(new DistError('NOT_FOUND', 'no such thing'))).toBe('no such thing')
  const told = describeError(new TypeError('x is\nundefined \x1b[31m'))
  expect(told).toMatch(/^internal error: .*-v/)
  for (const control of ['\n', '\x1b']) expect(told).not.toContain(control)
})
