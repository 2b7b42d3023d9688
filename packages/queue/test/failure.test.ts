import { DistError } from '@dist/errdefs'
import { UnrecoverableError } from 'bullmq'
import { describe, expect, it } from 'vitest'
import { isFinal, isJobError, jobError, pauseBefore, readReason } from '../src/jobs/failure.js'
import { toDistError } from '../src/redis/errors.js'
import { withDefaults } from '../src/tuning.js'

const missing = new DistError('NOT_FOUND', 'a is not there')
const reset = new DistError('UNAVAILABLE', 'the connection was reset')

describe('a failure of a job', () => {
  it('is final at once when a retry cannot help (Q11)', () => {
    expect(isFinal(missing, 0, 6)).toBe(true)
    expect(isFinal(new TypeError('a bug'), 0, 6)).toBe(true)
    expect(isFinal(reset, 0, 6)).toBe(false)
    expect(isFinal(reset, 4, 6)).toBe(false)
    expect(isFinal(reset, 5, 6)).toBe(true)
  })

  it('has a class for BullMQ, and a text for the report', () => {
    expect(jobError(missing, true)).toBeInstanceOf(UnrecoverableError)
    expect(jobError(reset, false)).not.toBeInstanceOf(UnrecoverableError)
    for (const error of [jobError(missing, true), jobError(reset, false)])
      expect(isJobError(error)).toBe(true)
    expect(readReason(jobError(missing, true).message)).toEqual({
      code: 'NOT_FOUND',
      message: 'a is not there',
    })
  })

  it('keeps no secret of a URL, and a bounded text', () => {
    const error = new DistError(
      'UNAVAILABLE',
      `https://user:secret@a/b?X-Amz-Signature=secret ${'x'.repeat(9999)}`,
    )
    const { message } = readReason(jobError(error, true).message)
    expect(message).not.toContain('secret')
    expect(message.length).toBeLessThanOrEqual(500)
  })

  it('that BullMQ made itself has a code, too (Q10)', () => {
    expect(isJobError(new Error('job stalled more than allowable limit'))).toBe(false)
    expect(readReason('job stalled more than allowable limit')).toMatchObject({ code: 'INTERNAL' })
    expect(readReason(undefined)).toMatchObject({ code: 'INTERNAL' })
    expect(readReason('{"code":"NONSENSE","message":"x"}')).toMatchObject({ code: 'INTERNAL' })
  })
})

describe('the pause before an attempt', () => {
  const tuning = withDefaults({ firstBackoff: 100, longestBackoff: 1_000, longestRetryAfter: 5_000 })

  it('doubles, with jitter, up to a bound', () => {
    const pauses = Array.from({ length: 10 }, (_, i) => pauseBefore(i + 1, jobError(reset, false), tuning))
    for (const [i, pause] of pauses.entries()) {
      const most = Math.min(1_000, 100 * 2 ** i)
      expect(pause).toBeGreaterThanOrEqual(most / 2)
      expect(pause).toBeLessThanOrEqual(most)
    }
  })

  it('is the Retry-After, up to a bound (Q11)', () => {
    const asked = (retryAfter: number) =>
      pauseBefore(1, jobError(new DistError('UNAVAILABLE', 'slow down', { retryAfter }), false), tuning)
    expect(asked(3_000)).toBeGreaterThanOrEqual(3_000)
    expect(asked(3_000)).toBeLessThan(3_300)
    expect(asked(10 * 365 * 86_400_000)).toBeLessThan(5_300)
    expect(asked(-1)).toBeGreaterThan(0)
  })
})

describe('an error of Redis', () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'RESOURCE_EXHAUSTED', true],
    ["READONLY You can't write against a read only replica.", 'UNAVAILABLE', true],
    ['LOADING Redis is loading the dataset in memory', 'UNAVAILABLE', true],
    ['Connection is closed.', 'UNAVAILABLE', true],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'UNAVAILABLE', true],
    ["NOPERM this user has no permissions to run the 'eval' command", 'PERMISSION_DENIED', false],
    ['NOAUTH Authentication required.', 'UNAUTHENTICATED', false],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'UNAUTHENTICATED', false],
    ['something else', 'INTERNAL', false],
  ])('has a code: %s', (message, code, retryable) => {
    expect(toDistError(new Error(message))).toMatchObject({ code, retryable })
  })
})
