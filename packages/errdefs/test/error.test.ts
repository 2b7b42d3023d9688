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
  it.each(codes)(
    'with code %s says whether a retry helps: only for UNAVAILABLE, if nothing else is said',
    (code) => {
      expect(new DistError(code, 'x').retryable).toBe(code === 'UNAVAILABLE')
      expect(new DistError(code, 'x', { retryable: true }).retryable).toBe(true)
      expect(new DistError(code, 'x', { retryable: false }).retryable).toBe(false)
    },
  )

  it('keeps its cause, and how long to wait', () => {
    const cause = systemError('ECONNRESET')
    const error = new DistError('UNAVAILABLE', 'x', { cause, retryAfter: 1500 })
    expect(error.cause).toBe(cause)
    expect(error.retryAfter).toBe(1500)
    expect(error.name).toBe('DistError')
  })

  it('has no cause where none was given', () => {
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
  ] as const)('%o answers to %s and to no other code', (predicate, wanted) => {
    for (const code of codes) expect(predicate(new DistError(code, 'x'))).toBe(code === wanted)
  })

  it('take one code of several', () => {
    expect(hasCode(new DistError('NOT_FOUND', 'x'), 'UNAVAILABLE', 'NOT_FOUND')).toBe(true)
    expect(hasCode(new DistError('NOT_FOUND', 'x'))).toBe(false)
  })

  it('do not look at the cause: what wraps an error decides anew', () => {
    expect(isNotFound(new DistError('INTERNAL', 'x', { cause: new DistError('NOT_FOUND', 'y') }))).toBe(false)
  })

  it('call everything foreign INTERNAL, and not worth a retry', () => {
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

  it('know an abort and a time-out of the platform', () => {
    expect(codeOf(AbortSignal.abort().reason)).toBe('CANCELED')
    expect(codeOf(new DOMException('late', 'TimeoutError'))).toBe('DEADLINE_EXCEEDED')
  })
})

describe('errnoOf', () => {
  it('finds the number along the causes', () => {
    const error = new DistError('RESOURCE_EXHAUSTED', 'disk full', { cause: systemError('ENOSPC') })
    expect(errnoOf(new Error('outer', { cause: error }))).toBe('ENOSPC')
  })

  it('takes no code of ours for one', () => {
    expect(errnoOf(new DistError('NOT_FOUND', 'x'))).toBeUndefined()
    expect(errnoOf('ENOSPC')).toBeUndefined()
  })

  it('ends when causes go round in a circle', () => {
    const error = new Error('x')
    error.cause = error
    expect(errnoOf(error)).toBeUndefined()
  })
})

describe('abortError', () => {
  it('is the reason where that is one of ours', () => {
    const reason = new DistError('UNAVAILABLE', 'lock lost')
    expect(abortError(AbortSignal.abort(reason))).toBe(reason)
  })

  it.each([
    ['no reason', undefined, 'CANCELED'],
    ['a text', 'enough', 'CANCELED'],
    ['a foreign error', new Error('x'), 'CANCELED'],
    ['a time-out', new DOMException('late', 'TimeoutError'), 'DEADLINE_EXCEEDED'],
  ])('tells by the code what %s means', (_, reason, code) => {
    const error = abortError(AbortSignal.abort(reason))
    expect(error.code).toBe(code)
    expect(error.retryable).toBe(false)
  })

  it('is thrown for an aborted signal and for no other', () => {
    expect(() => throwIfAborted(AbortSignal.abort())).toThrow(DistError)
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow()
    expect(() => throwIfAborted(undefined)).not.toThrow()
  })
})
