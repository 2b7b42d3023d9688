import { type Code, DistError, type DistErrorOptions, firstError, sanitize } from '@dist/errdefs'

type Verdict = readonly [code: Code, advice: string, options?: DistErrorOptions]

/** What Redis answers; within a script the word stands further on. */
const replies: readonly (readonly [RegExp, Verdict])[] = [
  [/\bOOM\b/, ['RESOURCE_EXHAUSTED', '; its memory is full: raise maxmemory', { retryable: true }]],
  [/READONLY/, ['UNAVAILABLE', '; it is a replica that takes no writes']],
  [/\b(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNKILLABLE)\b/, ['UNAVAILABLE', '']],
  [/\b(NOPERM|NOAUTH|WRONGPASS)\b/, ['PERMISSION_DENIED', '; grant its user all that the queue needs']],
  [/Connection is closed|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|max retries per request/i, ['UNAVAILABLE', '']],
]

/** An error of the queue's Redis, named by code; undefined when it is something else. */
export function redisError(thrown: unknown): DistError | undefined {
  const error = firstError(thrown)
  if (error instanceof DistError || !(error instanceof Error)) return undefined
  const said = causeOf(error)
  const verdict = replies.find(([pattern]) => pattern.test(said))?.[1]
  if (verdict === undefined) return undefined
  const [code, advice, options] = verdict
  return new DistError(code, `the queue's redis: ${sanitize(said)}${advice}`, {
    ...options,
    cause: error,
  })
}

/** Of a transaction that was given up, why; of everything else, what it says. */
function causeOf(error: Error): string {
  const [first] = 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : []
  return first instanceof Error ? first.message : error.message
}

/** The error with a code, whatever it is. */
export function named(thrown: unknown): DistError {
  const error = firstError(thrown)
  if (error instanceof DistError) return error
  const known = redisError(error)
  if (known !== undefined) return known
  const said = error instanceof Error ? error.message : String(error)
  return new DistError('INTERNAL', sanitize(said), { cause: error })
}

/**
 * What the queue answers, errors named. `UNAVAILABLE` when it does not within `patience` milliseconds: a client
 * waits for a Redis that is away, and what was asked may still be carried out later.
 */
export function answered<T>(answer: Promise<T>, patience: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () =>
      reject(new DistError('UNAVAILABLE', `the queue's redis gave no answer within ${patience / 1000} s`))
    const timer = setTimeout(late, patience)
    answer.then(resolve, (error: unknown) => reject(named(error))).finally(() => clearTimeout(timer))
  })
}
