import {
  abortError,
  codeOf,
  codes,
  DistError,
  errnoOf,
  hasCode,
  isAlreadyExists,
  isCanceled,
  isFailedPrecondition,
  isNotFound,
  isRetryable,
  isUnavailable,
  throwIfAborted,
} from '@dist/errdefs'
import { describe, expect, it } from 'vitest'

const systemError = (code: string) => Object.assign(new Error(code), { code })

describe('DistError', () => {
  it.each(codes)('with code %s is retryable by default only for UNAVAILABLE', (code) => {
    expect(new DistError(code, 'x').retryable).toBe(code === 'UNAVAILABLE')
    expect(new DistError(code, 'x', { retryable: true }).retryable).toBe(true)
    expect(new DistError(code, 'x', { retryable: false }).retryable).toBe(false)
  })

  it('keeps its cause and retryAfter', () => {
    const cause = systemError('ECONNRESET')
    const error = new DistError('UNAVAILABLE', 'x', { cause, retryAfter: 1500 })
    expect(error.cause).toBe(cause)
    expect(error.retryAfter).toBe(1500)
    expect(error.name).toBe('DistError')
  })

  it('has no cause when none is given', () => {
    expect('cause' in new DistError('INTERNAL', 'x')).toBe(false)
  })
})

describe('the predicates', () => {
  it.each([
    [isNotFound, 'NOT_FOUND'],
    [isAlreadyExists, 'ALREADY_EXISTS'],
    [isUnavailable, 'UNAVAILABLE'],
    [isFailedPrecondition, 'FAILED_PRECONDITION'],
    [isCanceled, 'CANCELED'],
  ] as const)('%o is true for %s and for no other code', (predicate, wanted) => {
    for (const code of codes) expect(predicate(new DistError(code, 'x'))).toBe(code === wanted)
  })

  it('accept several codes', () => {
    expect(hasCode(new DistError('NOT_FOUND', 'x'), 'UNAVAILABLE', 'NOT_FOUND')).toBe(true)
    expect(hasCode(new DistError('NOT_FOUND', 'x'))).toBe(false)
  })

  it('ignore the cause: the outer error has its own code', () => {
    expect(isNotFound(new DistError('INTERNAL', 'x', { cause: new DistError('NOT_FOUND', 'y') }))).toBe(false)
  })

  it('treat every foreign error as INTERNAL and not retryable', () => {
    for (const foreign of [
      new Error('x'),
      systemError('ENOENT'),
      { code: 'NOT_FOUND' },
      'NOT_FOUND',
      undefined,
    ]) {
      expect(codeOf(foreign)).toBe('INTERNAL')
      expect(isRetryable(foreign)).toBe(false)
    }
  })

  it('map an abort and a time-out of the platform', () => {
    expect(codeOf(AbortSignal.abort().reason)).toBe('CANCELED')
    expect(codeOf(new DOMException('late', 'TimeoutError'))).toBe('DEADLINE_EXCEEDED')
  })
})

describe('errnoOf', () => {
  it('finds the number in the chain of causes', () => {
    const error = new DistError('RESOURCE_EXHAUSTED', 'disk full', { cause: systemError('ENOSPC') })
    expect(errnoOf(new Error('outer', { cause: error }))).toBe('ENOSPC')
  })

  it('ignores the code of a DistError', () => {
    expect(errnoOf(new DistError('NOT_FOUND', 'x'))).toBeUndefined()
    expect(errnoOf('ENOSPC')).toBeUndefined()
  })

  it('ends when the causes form a cycle', () => {
    const error = new Error('x')
    error.cause = error
    expect(errnoOf(error)).toBeUndefined()
  })
})

describe('abortError', () => {
  it('is the reason where that is a DistError', () => {
    const reason = new DistError('UNAVAILABLE', 'lock lost')
    expect(abortError(AbortSignal.abort(reason))).toBe(reason)
  })

  it.each([
    ['no reason', undefined, 'CANCELED'],
    ['a text', 'enough', 'CANCELED'],
    ['a foreign error', new Error('x'), 'CANCELED'],
    ['a time-out', new DOMException('late', 'TimeoutError'), 'DEADLINE_EXCEEDED'],
  ])('maps %s to its code', (_, reason, code) => {
    const error = abortError(AbortSignal.abort(reason))
    expect(error.code).toBe(code)
    expect(error.retryable).toBe(false)
  })

  it('is thrown only for an aborted signal', () => {
    expect(() => throwIfAborted(AbortSignal.abort())).toThrow(DistError)
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow()
    expect(() => throwIfAborted(undefined)).not.toThrow()
  })
})
