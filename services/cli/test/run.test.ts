import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { describeError } from '../src/errors/errors.js'

it('a DistError is described by its message, other errors as defects without control characters', () => {
  expect(describeError(new DistError('NOT_FOUND', 'no such thing'))).toBe('no such thing')
  const described = describeError(new TypeError('x is\nundefined \x1b[31m'))
  expect(described).toMatch(/^internal error: .*-v/)
  for (const control of ['\n', '\x1b']) expect(described).not.toContain(control)
})
