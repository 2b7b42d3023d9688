import { type Code, DistError, errnoOf, firstError } from '@dist/errdefs'

/** The code of a failed system call, its cause and what to do. */
type Explanation = readonly [code: Code, cause: string, advice?: string]

const noAccess: Explanation = [
  'PERMISSION_DENIED',
  'no access',
  'give this user access, or choose another directory',
]
const full: Explanation = ['RESOURCE_EXHAUSTED', 'no space left', 'free some, or choose another directory']

const explanations: Readonly<Record<string, Explanation>> = {
  EACCES: noAccess,
  EPERM: noAccess,
  EROFS: ['PERMISSION_DENIED', 'read-only file system', 'choose another directory'],
  ENOSPC: full,
  EDQUOT: full,
  ENOTDIR: ['INVALID_ARGUMENT', 'a part of the path is not a directory'],
  ENOENT: ['NOT_FOUND', 'does not exist, or was removed meanwhile'],
  EBUSY: ['UNAVAILABLE', 'a file system is mounted there', 'unmount it'],
  ENAMETOOLONG: ['MALFORMED', 'the name is too long for the file system'],
  EMLINK: ['RESOURCE_EXHAUSTED', 'too many hard links for the file system'],
  EXDEV: ['INVALID_ARGUMENT', 'another file system is mounted there', 'unmount it'],
  EIO: ['INTERNAL', 'disk error', 'check the disk'],
}

/** The error of a failed system call. `subject` is the path and the failed step: "/srv/app: mkdir failed". */
export function fileError(subject: string, thrown: unknown): DistError {
  const cause = firstError(thrown)
  if (cause instanceof DistError) return cause
  const errno = errnoOf(cause) ?? 'unknown error'
  const [code, reason, advice] = explanations[errno] ?? ['INTERNAL', 'unexpected system error']
  const suffix = advice === undefined ? '' : `; ${advice}`
  return new DistError(code, `${subject}: ${reason} (${errno})${suffix}`, { cause })
}

/** Whether a system call failed with one of these error numbers. */
export function failedWith(error: unknown, ...errnos: string[]): boolean {
  const errno = errnoOf(error)
  return errno !== undefined && errnos.includes(errno)
}

/** Prefixes an error with its object. An error of the file system gets a code and an explanation. */
export function prefixError(name: string, thrown: unknown): DistError {
  const error = firstError(thrown)
  if (!(error instanceof DistError)) return fileError(name, error)
  const { code, message, retryable, held, cause } = error
  return new DistError(code, `${name}: ${message}`, { retryable, held, cause })
}
