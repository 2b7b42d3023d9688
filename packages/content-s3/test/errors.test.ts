import { inspect } from 'node:util'
import { DistError } from '@dist/errdefs'
import { describe, expect, it } from 'vitest'
import { hasStopped, isAnswered, s3Error, s3Name, statusOf } from '../src/bucket/errors.js'

const url = 's3://bucket/key'

function failure(name: string, status?: number, more: object = {}): Error {
  const metadata = status === undefined ? {} : { $metadata: { httpStatusCode: status } }
  return Object.assign(new Error('from the server'), { name, ...metadata, ...more })
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
    const error = s3Error(url, 'read', failure(name, status))
    expect(error).toMatchObject({ code, retryable })
    expect(error.message).toMatch(/^s3:\/\/bucket\/key: read failed: /)
    expect(error.message).toContain(name)
  })

  it.each([
    ['ECONNREFUSED', 'UNAVAILABLE', true],
    ['ECONNRESET', 'UNAVAILABLE', true],
    ['ENOTFOUND', 'UNAVAILABLE', true],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'UNAVAILABLE', false],
  ])('by %s is %s', (errno, code, retryable) => {
    expect(s3Error(url, 'read', Object.assign(new Error('x'), { code: errno }))).toMatchObject({
      code,
      retryable,
    })
  })

  it('is retryable when the SDK has adopted the clock of the server', () => {
    const skewed = failure('RequestTimeTooSkewed')
    const corrected = Object.assign(skewed, { $metadata: { httpStatusCode: 403, clockSkewCorrected: true } })
    expect(s3Error(url, 'read', corrected).retryable).toBe(true)
  })

  it('returns a DistError unchanged', () => {
    const error = new DistError('CANCELED', 'canceled')
    expect(s3Error(url, 'read', error)).toBe(error)
  })

  it('keeps name and status, and drops the request', () => {
    const $response = { headers: { authorization: 'Signature=secret' } }
    const error = s3Error(url, 'read', failure('AccessDenied', 403, { $response }))
    expect([s3Name(error), statusOf(error)]).toEqual(['AccessDenied', 403])
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('secret')
  })

  it('is lost where the server has lost the upload', () => {
    for (const name of ['NoSuchUpload', 'InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'])
      expect(s3Error(url, 'read', failure(name, 404)).lost).toBe(true)
    expect(s3Error(url, 'read', failure('SlowDown', 503)).lost).toBe(false)
  })
})

describe('isAnswered and hasStopped', () => {
  it.each([
    ['a refusal', failure('AccessDenied', 403), true, true],
    ['an unknown refusal', failure('SomethingNew', 400), true, true],
    ['a busy server', failure('SlowDown', 503), true, true],
    ['a lost upload', failure('NoSuchUpload', 404), true, true],
    ['an internal error of the server', failure('InternalError', 500), true, false],
    ['a time-out of a proxy', failure('Unknown', 504), false, false],
    ['a time-out', failure('TimeoutError'), false, false],
    ['a time-out status', failure('Unknown', 408), false, false],
    ['a broken connection', failure('Error', undefined, { code: 'ECONNRESET' }), false, false],
    ['an unreadable answer', failure('SyntaxError', 200), false, false],
    ['a refused connection', failure('Error', undefined, { code: 'ECONNREFUSED' }), true, true],
  ])('%s', (_, cause, answered, stopped) => {
    const error = s3Error(url, 'read', cause)
    expect([isAnswered(error), hasStopped(error)]).toEqual([answered, stopped])
  })
})
