import { inspect } from 'node:util'
import { DistError } from '@dist/errdefs'
import { describe, expect, it } from 'vitest'
import { endsThere, isAnswered, s3Error, s3Name, statusOf } from '../src/bucket/errors.js'

const subject = { url: 's3://bucket/key', bucket: 'bucket', doing: 'reading' }

function failure(name: string, status?: number, more: object = {}): Error {
  const metadata = status === undefined ? {} : { $metadata: { httpStatusCode: status } }
  return Object.assign(new Error('said the server'), { name, ...metadata, ...more })
}

describe('a failed call', () => {
  it.each([
    ['NoSuchBucket', 404, 'NOT_FOUND', false],
    ['NoSuchKey', 404, 'NOT_FOUND', false],
    ['AccessDenied', 403, 'PERMISSION_DENIED', false],
    ['InvalidAccessKeyId', 403, 'UNAUTHENTICATED', false],
    ['SignatureDoesNotMatch', 403, 'UNAUTHENTICATED', false],
    ['CredentialsProviderError', undefined, 'UNAUTHENTICATED', false],
    ['RequestTimeTooSkewed', 403, 'UNAUTHENTICATED', false],
    ['SlowDown', 503, 'UNAVAILABLE', true],
    ['InternalError', 500, 'UNAVAILABLE', true],
    ['TimeoutError', undefined, 'UNAVAILABLE', true],
    ['NoSuchUpload', 404, 'UNAVAILABLE', true],
    ['XAmzContentSHA256Mismatch', 400, 'UNAVAILABLE', true],
    ['NotImplemented', 501, 'NOT_IMPLEMENTED', false],
    ['EntityTooLarge', 400, 'RESOURCE_EXHAUSTED', false],
    ['SomethingNew', 400, 'INTERNAL', false],
    ['SomethingNew', 502, 'UNAVAILABLE', true],
    ['Unknown', 403, 'PERMISSION_DENIED', false],
    ['Unknown', 404, 'NOT_FOUND', false],
    ['constructor', 400, 'INTERNAL', false],
  ])('%s (%s) is %s', (name, status, code, retryable) => {
    const error = s3Error(subject, failure(name, status))
    expect(error).toMatchObject({ code, retryable })
    expect(error.message).toMatch(/^reading s3:\/\/bucket\/key: /)
    expect(error.message).toContain(name)
  })

  it.each([
    ['ECONNREFUSED', 'UNAVAILABLE', true],
    ['ECONNRESET', 'UNAVAILABLE', true],
    ['ENOTFOUND', 'UNAVAILABLE', true],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'UNAVAILABLE', false],
  ])('by %s is %s', (errno, code, retryable) => {
    expect(s3Error(subject, Object.assign(new Error('x'), { code: errno }))).toMatchObject({
      code,
      retryable,
    })
  })

  it('is worth a retry when the SDK has taken over the clock of the server', () => {
    const skewed = failure('RequestTimeTooSkewed')
    const corrected = Object.assign(skewed, { $metadata: { httpStatusCode: 403, clockSkewCorrected: true } })
    expect(s3Error(subject, corrected).retryable).toBe(true)
  })

  it('that is an error of ours passes as it is', () => {
    const error = new DistError('CANCELED', 'canceled')
    expect(s3Error(subject, error)).toBe(error)
  })

  it('keeps name and status, and nothing of the request', () => {
    const $response = { headers: { authorization: 'Signature=secret' } }
    const error = s3Error(subject, failure('AccessDenied', 403, { $response }))
    expect([s3Name(error), statusOf(error)]).toEqual(['AccessDenied', 403])
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('secret')
  })

  it('after which what was written is lost says so', () => {
    for (const name of ['NoSuchUpload', 'InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'])
      expect(s3Error(subject, failure(name, 404)).lost).toBe(true)
    expect(s3Error(subject, failure('SlowDown', 503)).lost).toBe(false)
  })
})

describe('what a failure tells of what the server does now', () => {
  it.each([
    ['a refusal', failure('AccessDenied', 403), true, true],
    ['a refusal that nobody knows', failure('SomethingNew', 400), true, true],
    ['a busy server', failure('SlowDown', 503), true, true],
    ['an upload that is gone', failure('NoSuchUpload', 404), true, true],
    ['a fault within the server', failure('InternalError', 500), true, false],
    ['a proxy that waited too long', failure('Unknown', 504), false, false],
    ['a time-out', failure('TimeoutError'), false, false],
    ['a time-out that was answered', failure('Unknown', 408), false, false],
    ['a connection that broke', failure('Error', undefined, { code: 'ECONNRESET' }), false, false],
    ['an answer that cannot be read', failure('SyntaxError', 200), false, false],
    ['nobody listening', failure('Error', undefined, { code: 'ECONNREFUSED' }), true, true],
  ])('%s', (_, cause, answered, ended) => {
    const error = s3Error(subject, cause)
    expect([isAnswered(error), endsThere(error)]).toEqual([answered, ended])
  })
})
