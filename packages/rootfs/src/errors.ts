import { type Code, DistError, errnoOf, firstError } from '@dist/errdefs'

type Meaning = readonly [Code, string]

const noAccess: Meaning = ['PERMISSION_DENIED', 'this user may not: give access, or choose another directory']
const full: Meaning = ['RESOURCE_EXHAUSTED', 'no space is left there: free some, or choose another directory']

const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: noAccess,
  EPERM: noAccess,
  EROFS: ['PERMISSION_DENIED', 'the file system is read-only: choose another directory'],
  ENOSPC: full,
  EDQUOT: full,
  ENOTDIR: ['INVALID_ARGUMENT', 'a part of that path is no directory'],
  ENOENT: ['NOT_FOUND', 'it is not there, or was removed meanwhile'],
  EBUSY: ['UNAVAILABLE', 'something is mounted there: unmount it first'],
  ENAMETOOLONG: ['MALFORMED', 'the file system takes no names of that length'],
  EMLINK: ['RESOURCE_EXHAUSTED', 'the file system takes no more links to it'],
  EXDEV: ['INVALID_ARGUMENT', 'another file system is mounted there: unmount it first'],
  EIO: ['INTERNAL', 'the disk fails'],
}

/** A failed system call as what it means. `doing` says in which step, with the path: "making /srv/app". */
export function fileError(doing: string, thrown: unknown): DistError {
  const cause = firstError(thrown)
  if (cause instanceof DistError) return cause
  const errno = errnoOf(cause) ?? 'unknown error'
  const [code, what] = meanings[errno] ?? ['INTERNAL', 'the system refuses']
  return new DistError(code, `${doing}: ${what} (${errno})`, { cause })
}

/** Whether a system call failed with one of these error numbers. */
export function failedWith(error: unknown, ...errnos: string[]): boolean {
  const errno = errnoOf(error)
  return errno !== undefined && errnos.includes(errno)
}

/** Puts the name of what it is about before an error; one of the file system gets a code and its meaning. */
export function about(name: string, thrown: unknown): DistError {
  const error = firstError(thrown)
  if (!(error instanceof DistError)) return fileError(name, error)
  const { code, message, retryable, held, cause } = error
  return new DistError(code, `${name}: ${message}`, { retryable, held, cause })
}
