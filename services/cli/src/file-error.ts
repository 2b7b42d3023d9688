import { type Code, DistError, errnoOf, sanitize } from '@dist/errdefs'

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
