import { type Code, DistError, errnoOf, firstError } from '@dist/errdefs'

type Meaning = [Code, (root: string) => string]

const noAccess: Meaning = [
  'PERMISSION_DENIED',
  (root) => `the store at ${root} is not accessible: give this user access to it, or choose another store`,
]
const readOnly: Meaning = [
  'PERMISSION_DENIED',
  (root) => `the store at ${root} is on a read-only file system: choose another store`,
]
const full: Meaning = [
  'RESOURCE_EXHAUSTED',
  (root) => `no space is left for the store at ${root}: free some there, or choose another store`,
]
const overQuota: Meaning = [
  'RESOURCE_EXHAUSTED',
  (root) => `the quota is used up under the store at ${root}: free some there, or choose another store`,
]
const tooManyFiles: Meaning = [
  'UNAVAILABLE',
  (root) => `too many open files for the store at ${root}: raise the limit (ulimit -n)`,
]
const stale: Meaning = [
  'UNAVAILABLE',
  (root) => `the file server of the store at ${root} lost track of a file: try again`,
]
const failing: Meaning = ['INTERNAL', (root) => `the disk under the store at ${root} fails: check the disk`]
const notFolder: Meaning = [
  'INVALID_ARGUMENT',
  (root) => `the store cannot be at ${root}: a part of that path is no directory`,
]

const gone: Meaning = [
  'NOT_FOUND',
  (root) => `the store at ${root} is not there, or was removed: create it, or choose another`,
]

const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: noAccess,
  EPERM: noAccess,
  EROFS: readOnly,
  ENOSPC: full,
  EDQUOT: overQuota,
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  ESTALE: stale,
  EIO: failing,
  ENOTDIR: notFolder,
  ENOENT: gone,
}

/**
 * A failed system call as what it means for whoever uses the store. `doing` says in which step, as in "writing
 * x". A `DistError` passes as it is.
 */
export function storeError(root: string, doing: string, thrown: unknown): DistError {
  const cause = firstError(thrown)
  if (cause instanceof DistError) return cause
  const errno = errnoOf(cause) ?? 'unknown error'
  const [code, explain] = meanings[errno] ?? ['INTERNAL', () => `the store at ${root} failed`]
  return new DistError(code, `${doing}: ${explain(root)} (${errno})`, { cause })
}

/** Whether a system call failed with one of these error numbers. */
export function failedWith(error: unknown, ...errnos: string[]): boolean {
  const errno = errnoOf(error)
  return errno !== undefined && errnos.includes(errno)
}
