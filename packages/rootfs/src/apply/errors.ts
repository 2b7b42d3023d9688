import { DistError } from '@dist/errdefs'
import { fileError } from '../snapshots/errors.js'

/** Puts the name of what it is about before an error; one of the file system gets a code and its meaning. */
export function about(name: string, error: unknown): DistError {
  if (!(error instanceof DistError)) return fileError(name, error)
  const { code, message, retryable, held, cause } = error
  return new DistError(code, `${name}: ${message}`, { retryable, held, cause })
}
