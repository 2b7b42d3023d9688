import { type Code, DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { exitCodeOf, exitCodeOfAll } from '../src/errors/errors.js'

const failed = (code: Code) => ({ error: new DistError(code, 'x') })

it.each<[Code, number]>([
  ['INVALID_ARGUMENT', 2],
  ['NOT_FOUND', 3],
  ['UNAUTHENTICATED', 4],
  ['PERMISSION_DENIED', 4],
  ['FAILED_PRECONDITION', 5],
  ['DEADLINE_EXCEEDED', 1],
  ['RESOURCE_EXHAUSTED', 1],
  ['MALFORMED', 1],
  ['UNAVAILABLE', 1],
])('%s ends with %i', (code, exit) => {
  expect(exitCodeOf(failed(code).error)).toBe(exit)
})

it('an error that is not a DistError ends with 1', () => {
  expect(exitCodeOf(new TypeError('x'))).toBe(1)
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('%s has priority over errors: %i', (signal, code) => {
  expect(exitCodeOf(failed('NOT_FOUND').error, AbortSignal.abort(signal))).toBe(code)
  expect(exitCodeOfAll([{}], AbortSignal.abort(signal))).toBe(code)
})

it('several results have one exit code: all done, some failed, one common code, different codes', () => {
  expect(exitCodeOfAll([{}, {}])).toBe(0)
  expect(exitCodeOfAll([{}, failed('NOT_FOUND')])).toBe(6)
  expect(exitCodeOfAll([failed('NOT_FOUND'), failed('NOT_FOUND')])).toBe(3)
  expect(exitCodeOfAll([failed('NOT_FOUND'), failed('UNAUTHENTICATED')])).toBe(1)
  expect(exitCodeOfAll([])).toBe(0)
})
