import { expect, it } from 'vitest'
import { fileError } from '../src/errors/errors.js'

const errno = (code: string) => Object.assign(new Error(`${code}: the message of Node`), { code })

it.each([
  ['ENOSPC', 'RESOURCE_EXHAUSTED', 'out.tar: cannot be written: no space left on the device (ENOSPC)'],
  ['EROFS', 'PERMISSION_DENIED', 'out.tar: cannot be written: the file system is read-only (EROFS)'],
  [
    'ENOTDIR',
    'INVALID_ARGUMENT',
    'out.tar: cannot be written: a part of the path is not a directory (ENOTDIR)',
  ],
  ['EXDEV', 'INTERNAL', 'out.tar: cannot be written: unexpected error (EXDEV)'],
])('%s is described in words, with its code', (name, code, message) => {
  const cause = errno(name)
  expect(fileError('out.tar', 'written', cause)).toMatchObject({ code, message, cause })
})

it('control characters in the file name are escaped', () => {
  expect(fileError('a\x1b[2Jb', 'read', errno('ENOENT')).message).not.toContain('\x1b')
})
