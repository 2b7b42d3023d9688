import { DistError, isCanceled } from '@dist/errdefs'
import { isHostWide } from '../http/errors.js'
import { isLoginError } from './retry.js'

/**
 * Resolves to the result, or to the error that the registry answered. Throws `CANCELED`, and errors that concern the
 * whole host: it cannot be reached, is paused, or limits requests.
 */
export async function settleAnswer<T>(call: () => Promise<T>): Promise<T | DistError> {
  try {
    return await call()
  } catch (error) {
    if (isAnswer(error)) return error
    throw error
  }
}

/** Whether a registry answered this error to one request: other requests may succeed. */
export function isAnswer(error: unknown): error is DistError {
  return error instanceof DistError && !isCanceled(error) && !isHostWide(error)
}

/** The result, or undefined for an error. Throws login errors: the alternative request would fail in the same way. */
export function successOf<T>(answer: T | DistError): T | undefined {
  if (!(answer instanceof DistError)) return answer
  if (isLoginError(answer)) throw answer
  return undefined
}
