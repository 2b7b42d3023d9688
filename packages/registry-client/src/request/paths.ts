import { DistError, hasCode, isNotFound, isRetryable } from '@dist/errdefs'
import type { ObjectType } from '@dist/remotes'
import { isHostWide } from '../http/errors.js'
import { isAnswer } from './answer.js'
import type { Operation } from './operation.js'

/**
 * Calls for one type of path after the other until one has the object. Throws the first error: what a registry answers
 * on the other path means that the object is not there either.
 */
export async function tryPaths<T>(
  types: readonly ObjectType[],
  call: (type: ObjectType) => Promise<T>,
): Promise<T> {
  let missing: unknown
  for (const type of types) {
    try {
      return await call(type)
    } catch (error) {
      if (!isNotFound(error) && (missing === undefined || !isAnswer(error))) throw error
      missing ??= error
    }
  }
  throw missing
}

/**
 * `tryPaths` for an object of unknown type. Registries answer any status to a layer's digest under /manifests/
 * (docker-registry 500), so the first type gets a single attempt, and retries only if the other types fail.
 */
export async function tryLikelyPaths<T>(
  types: readonly ObjectType[],
  operation: Operation,
  call: (type: ObjectType, operation: Operation) => Promise<T>,
): Promise<T> {
  const [first, ...others] = types
  if (first === undefined || others.length === 0) return tryPaths(types, (type) => call(type, operation))
  try {
    return await call(first, operation.singleAttempt())
  } catch (error) {
    // Errors that concern the whole host would repeat for the other types.
    if (!(error instanceof DistError) || hasCode(error, 'CANCELED', 'UNAUTHENTICATED') || isHostWide(error))
      throw error
    try {
      return await tryPaths(others, (type) => call(type, operation))
    } catch (otherError) {
      if (!isNotFound(otherError)) throw otherError
      if (!isRetryable(error)) throw error
      return call(first, operation)
    }
  }
}
