import { mkdir, rmdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'

/** A directory that a command fills. Unless it is kept, disposing takes away again what was made of it. */
export interface FilledDirectory extends AsyncDisposable {
  readonly path: string
  keep(): void
}

/**
 * Makes the directory, and those above it, where there is none. Throws `INVALID_ARGUMENT` for what cannot be one, and
 * `PERMISSION_DENIED`.
 */
export async function openDirectory(name: string): Promise<FilledDirectory> {
  const path = resolve(name)
  let made = await make(path)
  return {
    path,
    keep: () => {
      made = undefined
    },
    [Symbol.asyncDispose]: async () => {
      if (made !== undefined) await removeUpTo(made, path)
    },
  }
}

const impossible: ReadonlySet<string> = new Set(['EEXIST', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'])
const forbidden: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS'])

/** The uppermost directory that was made. */
async function make(path: string): Promise<string | undefined> {
  try {
    return await mkdir(path, { recursive: true })
  } catch (cause) {
    const shown = sanitize(path)
    const errno = errnoOf(cause)
    if (errno !== undefined && impossible.has(errno))
      throw new DistError('INVALID_ARGUMENT', `${shown} is no directory, and cannot be made one`, { cause })
    if (errno !== undefined && forbidden.has(errno))
      throw new DistError('PERMISSION_DENIED', `${shown}: this user may not make it`, { cause })
    throw new DistError('INTERNAL', `${shown} cannot be made: ${errno ?? 'unknown error'}`, { cause })
  }
}

/** Only empty ones: what somebody else has put there is not ours to remove. */
async function removeUpTo(first: string, last: string): Promise<void> {
  for (let path = last; ; path = dirname(path)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    )
    if (!removed || path === first) return
  }
}
