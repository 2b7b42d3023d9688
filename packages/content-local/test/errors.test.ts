import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { failedWith, storeError } from '../src/files/errors.js'

const failure = (code: string) => Object.assign(new Error(`${code}: it failed`), { code })

it.each([
  ['EACCES', 'PERMISSION_DENIED', 'access'],
  ['EPERM', 'PERMISSION_DENIED', 'access'],
  ['EROFS', 'PERMISSION_DENIED', 'read-only'],
  ['ENOSPC', 'RESOURCE_EXHAUSTED', 'free some'],
  ['EDQUOT', 'RESOURCE_EXHAUSTED', 'quota'],
  ['EMFILE', 'UNAVAILABLE', 'ulimit'],
  ['ESTALE', 'UNAVAILABLE', 'try again'],
  ['EIO', 'INTERNAL', 'disk'],
  ['ENOTDIR', 'INVALID_ARGUMENT', 'not a directory'],
  ['ENOENT', 'NOT_FOUND', 'does not exist'],
  ['EWHATEVER', 'INTERNAL', 'failed'],
])(
  '%s is %s: the message names the store, the step, the error number and what to do',
  (errno, code, advice) => {
    const cause = failure(errno)
    const error = storeError('/srv/store', 'write x', cause)
    expect(error).toMatchObject({ code, cause, retryable: code === 'UNAVAILABLE' })
    for (const part of ['write x', '/srv/store', errno, advice]) expect(error.message).toContain(part)
  },
)

it('returns a DistError unchanged', () => {
  const error = new DistError('CANCELED', 'canceled')
  expect(storeError('/srv/store', 'write x', error)).toBe(error)
})

it('finds an error number in the chain of causes', () => {
  const error = new Error('outer', { cause: failure('ENOENT') })
  expect(failedWith(error, 'EACCES', 'ENOENT')).toBe(true)
  expect(failedWith(error, 'EACCES')).toBe(false)
  expect(failedWith('ENOENT', 'ENOENT')).toBe(false)
})
