import { type Code, DistError, errnoOf } from '@dist/errdefs'

const codes: Readonly<Record<string, Code>> = {
  ENOENT: 'NOT_FOUND',
  ENOTDIR: 'INVALID_ARGUMENT',
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  EROFS: 'PERMISSION_DENIED',
  ENOSPC: 'RESOURCE_EXHAUSTED',
  EDQUOT: 'RESOURCE_EXHAUSTED',
  EMFILE: 'RESOURCE_EXHAUSTED',
  ENFILE: 'RESOURCE_EXHAUSTED',
  // Names and link targets that the file system cannot hold are the layer's.
  ENAMETOOLONG: 'MALFORMED',
  EMLINK: 'MALFORMED',
}

/** Puts the name of what it is about before an error; one of the file system gets a code. */
export function about(name: string, error: unknown): DistError {
  if (error instanceof DistError) {
    const { code, message, retryable, held, cause } = error
    return new DistError(code, `${name}: ${message}`, { retryable, held, cause })
  }
  const errno = errnoOf(error)
  const reason = errno ?? (error instanceof Error ? error.message : String(error))
  return new DistError(codes[errno ?? ''] ?? 'INTERNAL', `${name}: ${reason}`, { cause: error })
}
