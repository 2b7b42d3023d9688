import { type Code, codeOf, DistError, errnoOf, firstError, sanitize } from '@dist/errdefs'

/** One line for a user. What is not ours is a defect, and says how to see more. */
export function describeError(thrown: unknown): string {
  const error = firstError(thrown)
  if (error instanceof DistError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `internal error: ${sanitize(message, 500)} (run again with -v for more)`
}

/** The members that `--json` has for what failed. */
export function jsonError(error: unknown): { error: string; code: Code } {
  return { error: describeError(error), code: codeOf(error) }
}

type Meaning = readonly [Code, string]

const noAccess: Meaning = ['PERMISSION_DENIED', 'this user may not']

const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: noAccess,
  EPERM: noAccess,
  EROFS: ['PERMISSION_DENIED', 'the file system is read-only'],
  ENOSPC: ['RESOURCE_EXHAUSTED', 'no space is left there'],
  EDQUOT: ['RESOURCE_EXHAUSTED', 'no space is left there for this user'],
  ENOENT: ['INVALID_ARGUMENT', 'it is not there, or what it should stand in'],
  ENOTDIR: ['INVALID_ARGUMENT', 'a part of that path is no directory'],
  EISDIR: ['INVALID_ARGUMENT', 'it is a directory'],
  ENAMETOOLONG: ['INVALID_ARGUMENT', 'the file system takes no names of that length'],
  EIO: ['INTERNAL', 'the disk fails'],
}

/** What the system says about a file that the user named: "out.tar cannot be written: no space is left there (ENOSPC)". */
export function fileError(path: string, what: 'read' | 'written' | 'made', cause: unknown): DistError {
  const errno = errnoOf(cause) ?? 'unknown error'
  const [code, meaning] = meanings[errno] ?? ['INTERNAL', 'the system refuses']
  return new DistError(code, `${sanitize(path)} cannot be ${what}: ${meaning} (${errno})`, { cause })
}
