import { abortError, type Code, DistError, type DistErrorOptions, firstError, sanitize } from '@dist/errdefs'

type Verdict = readonly [code: Code, advice: string, options?: DistErrorOptions]

/** What Redis answers; within a script the word stands further on. */
const replies: readonly (readonly [RegExp, Verdict])[] = [
  [/\bOOM\b/, ['RESOURCE_EXHAUSTED', '; its memory is full: raise maxmemory', { retryable: true }]],
  [/READONLY/, ['UNAVAILABLE', '; it is a replica that takes no writes']],
  [/\b(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNKILLABLE)\b/, ['UNAVAILABLE', '']],
  [/\b(NOPERM|NOAUTH|WRONGPASS)\b/, ['PERMISSION_DENIED', '; grant its user all that the queue needs']],
  [/connection is lost|does not answer|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN/i, ['UNAVAILABLE', '']],
]

/** What the client library says of itself, in the words of those who use the queue. */
const ownWords: readonly (readonly [RegExp, string])[] = [
  [/max retries per request|^Socket timeout/i, 'it does not answer'],
  [/^Connection is closed/i, 'the connection is lost'],
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
  const { message } = first instanceof Error ? first : error
  return ownWords.find(([pattern]) => pattern.test(message))?.[1] ?? message
}

/** The error with a code, whatever it is. */
export function toDistError(thrown: unknown): DistError {
  const error = firstError(thrown)
  if (error instanceof DistError) return error
  const known = redisError(error)
  if (known !== undefined) return known
  const said = error instanceof Error ? error.message : String(error)
  return new DistError('INTERNAL', sanitize(said), { cause: error })
}

/** Of those who wait for Redis as long as it takes. */
export interface Persistence {
  /** Told when an answer is late. */
  away(error: DistError): void
  /** Told of each answer. */
  back(): void
  /** Ends the waiting, with `CANCELED`. What is asked after that has the patience of everybody else. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What the queue answers, errors named. `UNAVAILABLE` when it does not within `patience` milliseconds: a client
 * waits for a Redis that is away, and what was asked may still be carried out later. The persistent wait on.
 */
export function answered<T>(answer: Promise<T>, patience: number, persistence?: Persistence): Promise<T> {
  const persistent = persistence?.signal?.aborted ? undefined : persistence
  return new Promise((resolve, reject) => {
    const signal = persistent?.signal
    const late = () => {
      const error = new DistError(
        'UNAVAILABLE',
        `the queue's redis gave no answer within ${patience / 1000} s`,
      )
      if (persistent === undefined) reject(error)
      else persistent.away(error)
    }
    const aborted = () => reject(signal && abortError(signal))
    const timer = setTimeout(late, patience)
    signal?.addEventListener('abort', aborted, { once: true })
    answer
      .then(
        (value) => {
          persistent?.back()
          resolve(value)
        },
        (error: unknown) => reject(toDistError(error)),
      )
      .finally(() => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
      })
  })
}
