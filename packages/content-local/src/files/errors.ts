import { type Code, DistError, errnoOf, firstError } from '@dist/errdefs'

/** The code of a failed system call, its cause and what to do. */
type Explanation = readonly [code: Code, cause: string, advice?: string]

const choose = 'or choose another store'
const noAccess: Explanation = ['PERMISSION_DENIED', 'no access', `give this user access to it, ${choose}`]

const explanations: Readonly<Record<string, Explanation>> = {
  EACCES: noAccess,
  EPERM: noAccess,
  EROFS: ['PERMISSION_DENIED', 'read-only file system', 'choose another store'],
  ENOSPC: ['RESOURCE_EXHAUSTED', 'no space left on the file system', `free some, ${choose}`],
  EDQUOT: ['RESOURCE_EXHAUSTED', 'disk quota exceeded', `free some space, ${choose}`],
  EMFILE: ['UNAVAILABLE', 'too many open files in this process', 'raise the limit (ulimit -n)'],
  ENFILE: ['UNAVAILABLE', 'too many open files on this machine', 'raise the limit (fs.file-max)'],
  ESTALE: ['UNAVAILABLE', 'stale file handle of the file server', 'try again'],
  EIO: ['INTERNAL', 'disk error', 'check the disk'],
  ENOTDIR: ['INVALID_ARGUMENT', 'a part of the path is not a directory', 'choose another store'],
  ENOENT: ['NOT_FOUND', 'does not exist, or was removed meanwhile', `create it, ${choose}`],
}

/**
 * The error of a failed system call in the store at `root`. `step` is the failed step, as "write x". A `DistError` is
 * returned unchanged.
 */
export function storeError(root: string, step: string, thrown: unknown): DistError {
  const cause = firstError(thrown)
  if (cause instanceof DistError) return cause
  const errno = errnoOf(cause) ?? 'unknown error'
  const [code, reason, advice] = explanations[errno] ?? ['INTERNAL', 'unexpected system error']
  const suffix = advice === undefined ? '' : `; ${advice}`
  return new DistError(code, `store ${root}: ${step} failed: ${reason} (${errno})${suffix}`, { cause })
}

/** Whether a system call failed with one of these error numbers. */
export function failedWith(error: unknown, ...errnos: string[]): boolean {
  const errno = errnoOf(error)
  return errno !== undefined && errnos.includes(errno)
}
