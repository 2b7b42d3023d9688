import { abortError, DistError, firstError, sanitize } from '@dist/errdefs'
import { knownRedisError, within } from '@dist/redis'

/** How errors name the Redis of the queue where its address is not known. */
export const queueRedis = "the queue's redis"

/** The error with a code. `INTERNAL` for one that is neither ours nor Redis'. */
export function toDistError(thrown: unknown): DistError {
  const error = firstError(thrown)
  if (error instanceof DistError) return error
  const known = knownRedisError(queueRedis, error)
  if (known !== undefined) return known
  const message = error instanceof Error ? error.message : String(error)
  return new DistError('INTERNAL', sanitize(message), { cause: error })
}

/** Lets a client wait for Redis without a time limit. */
export interface Persistence {
  /** Called when an answer is late. */
  away(error: DistError): void
  /** Called for each answer. */
  back(): void
  /** Ends the wait with `CANCELED`. Commands after that have the usual timeout. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The answer of the queue's Redis, with errors that have codes. `UNAVAILABLE` without an answer within `timeoutMs`,
 * unless the client is persistent. A client keeps its commands while Redis is away: Redis may carry them out later.
 */
export async function answered<T>(
  answer: Promise<T>,
  timeoutMs: number,
  persistence?: Persistence,
): Promise<T> {
  try {
    if (persistence === undefined || persistence.signal?.aborted) return await within(answer, timeoutMs)
    const value = await persistently(answer, timeoutMs, persistence)
    persistence.back()
    return value
  } catch (error) {
    throw toDistError(error)
  }
}

function persistently<T>(answer: Promise<T>, timeoutMs: number, { away, signal }: Persistence): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () =>
      away(new DistError('UNAVAILABLE', `${queueRedis}: no answer within ${timeoutMs / 1000} s`))
    const onAbort = () => reject(signal && abortError(signal))
    const timer = setTimeout(late, timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    answer.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    })
  })
}
