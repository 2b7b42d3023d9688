import { type Code, codeOf, DistError, errnoOf, firstError, sanitize } from '@dist/errdefs'

/** The line of an error for the user. An error that is not a `DistError` is a defect: the line says how to see more. */
export function describeError(thrown: unknown): string {
  const error = firstError(thrown)
  if (error instanceof DistError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `internal error: ${sanitize(message, 500)} (run again with -v for more)`
}

/** The members of an error in JSON. */
export function jsonError(error: unknown): { error: string; code: Code } {
  return { error: describeError(error), code: codeOf(error) }
}

type Meaning = readonly [Code, string]

const noAccess: Meaning = ['PERMISSION_DENIED', 'permission denied']

const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: noAccess,
  EPERM: noAccess,
  EROFS: ['PERMISSION_DENIED', 'the file system is read-only'],
  ENOSPC: ['RESOURCE_EXHAUSTED', 'no space left on the device'],
  EDQUOT: ['RESOURCE_EXHAUSTED', 'the disk quota of this user is exhausted'],
  ENOENT: ['INVALID_ARGUMENT', 'no such file or directory'],
  ENOTDIR: ['INVALID_ARGUMENT', 'a part of the path is not a directory'],
  EISDIR: ['INVALID_ARGUMENT', 'it is a directory'],
  ENAMETOOLONG: ['INVALID_ARGUMENT', 'the name is too long for the file system'],
  EIO: ['INTERNAL', 'input/output error'],
}

/** What the system says about a file that the user named: "out.tar cannot be written: no space is left there (ENOSPC)". */
export function fileError(path: string, what: 'read' | 'written' | 'made', cause: unknown): DistError {
  const errno = errnoOf(cause) ?? 'unknown error'
  const [code, meaning] = meanings[errno] ?? ['INTERNAL', 'unexpected error']
  return new DistError(code, `${sanitize(path)}: cannot be ${what}: ${meaning} (${errno})`, { cause })
}
