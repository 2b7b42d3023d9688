import { DistError } from '@dist/errdefs'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { knownRedisError, redisError } from '../src/errors.js'

const redis = new Redis({ host: 'cache.example', port: 7000, password: 's3cret', lazyConnect: true })

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' })
}

function failed(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code })
}

describe('an error of Redis', () => {
  it.each([
    [reply('WRONGPASS invalid username-password pair or user is disabled.'), 'UNAUTHENTICATED', false],
    [reply('NOAUTH Authentication required.'), 'UNAUTHENTICATED', false],
    [reply("NOPERM this user has no permissions to run the 'set' command"), 'PERMISSION_DENIED', false],
    [reply('ERR ACL failure in script: No permissions to access a key'), 'PERMISSION_DENIED', false],
    [reply("OOM command not allowed when used memory > 'maxmemory'."), 'RESOURCE_EXHAUSTED', true],
    [reply("READONLY You can't write against a read only replica."), 'UNAVAILABLE', true],
    [reply('ERR Error running script: @user_script:1: -READONLY You cannot'), 'UNAVAILABLE', true],
    [reply('LOADING Redis is loading the dataset in memory'), 'UNAVAILABLE', true],
    [reply('MOVED 3999 10.0.0.7:6381'), 'NOT_IMPLEMENTED', false],
    [reply('ERR SELECT is not allowed in cluster mode'), 'NOT_IMPLEMENTED', false],
    [reply('ERR syntax error'), 'INTERNAL', false],
    [failed('ECONNREFUSED'), 'UNAVAILABLE', true],
    [failed('ETIMEDOUT'), 'UNAVAILABLE', true],
    [failed('SELF_SIGNED_CERT_IN_CHAIN'), 'UNAVAILABLE', false],
    [failed('ERR_TLS_CERT_ALTNAME_INVALID'), 'UNAVAILABLE', false],
    [failed('ERR_SSL_WRONG_VERSION_NUMBER'), 'UNAVAILABLE', false],
    [new Error('Connection is closed.'), 'UNAVAILABLE', true],
    ['something else', 'UNAVAILABLE', true],
  ])('has a code, and is retryable or not: %s', (cause, code, retryable) => {
    const error = redisError(redis, 'locking', cause)
    expect(error).toMatchObject({ code, retryable, cause })
    expect(error.message).toContain('redis at cache.example:7000: locking: ')
    expect(error.message).not.toContain('s3cret')
  })

  it('is returned as it is when it has a code already', () => {
    const error = new DistError('CANCELED', 'canceled')
    expect(redisError(redis, 'locking', error)).toBe(error)
  })

  it('has no control characters in its message', () => {
    expect(redisError(redis, 'locking', reply('ERR \u001b[2J\n')).message).not.toMatch(/\p{Cc}/u)
  })
})

describe('an error of a client that is not known', () => {
  it.each([
    [reply('WRONGPASS invalid username-password pair or user is disabled.'), 'UNAUTHENTICATED', false],
    [reply('NOAUTH Authentication required.'), 'UNAUTHENTICATED', false],
    [reply("NOPERM this user has no permissions to run the 'eval' command"), 'PERMISSION_DENIED', false],
    [reply("OOM command not allowed when used memory > 'maxmemory'."), 'RESOURCE_EXHAUSTED', true],
    [reply('READONLY You can’t write against a read only replica.'), 'UNAVAILABLE', true],
    [failed('ECONNREFUSED'), 'UNAVAILABLE', true],
    [new Error('Connection is closed.'), 'UNAVAILABLE', true],
    [new Error('Reached the max retries per request limit (which is 20).'), 'UNAVAILABLE', true],
  ])('has the same code: %s', (cause, code, retryable) => {
    const error = knownRedisError('the redis of the queue', cause)
    expect(error).toMatchObject({ code, retryable, cause })
    expect(error?.message).toMatch(/^the redis of the queue: /)
  })

  it('is undefined when Redis did not cause it', () => {
    for (const thrown of [new Error('layer: wrong size'), new DistError('CANCELED', 'canceled'), 'text'])
      expect(knownRedisError('the redis of the queue', thrown)).toBeUndefined()
  })

  it('of a refused transaction is that of its first failed command', () => {
    const aborted = Object.assign(reply('EXECABORT Transaction discarded because of previous errors.'), {
      previousErrors: [reply("OOM command not allowed when used memory > 'maxmemory'.")],
    })
    expect(knownRedisError('r', aborted)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  })
})
