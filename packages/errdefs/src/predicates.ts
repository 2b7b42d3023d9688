import { type Code, DistError } from './error.js'
import { firstError } from './suppressed.js'

// Each of these looks at the first error where a disposal failed after it.

/** The code of an error: a `DistError`'s own, `CANCELED` for an abort, `INTERNAL` for everything else. */
export function codeOf(thrown: unknown): Code {
  const error = firstError(thrown)
  if (error instanceof DistError) return error.code
  if (error instanceof Error && error.name === 'AbortError') return 'CANCELED'
  if (error instanceof Error && error.name === 'TimeoutError') return 'DEADLINE_EXCEEDED'
  return 'INTERNAL'
}

export function hasCode(error: unknown, ...wanted: Code[]): boolean {
  return wanted.includes(codeOf(error))
}

export const isNotFound = (error: unknown): boolean => hasCode(error, 'NOT_FOUND')
export const isAlreadyExists = (error: unknown): boolean => hasCode(error, 'ALREADY_EXISTS')
export const isUnavailable = (error: unknown): boolean => hasCode(error, 'UNAVAILABLE')
export const isFailedPrecondition = (error: unknown): boolean => hasCode(error, 'FAILED_PRECONDITION')
export const isCanceled = (error: unknown): boolean => hasCode(error, 'CANCELED')

/** Whether the call failed only because another writer or lock holder has the object now. */
export function isHeld(thrown: unknown): boolean {
  const error = firstError(thrown)
  return error instanceof DistError && error.held
}

/** Whether the bytes written so far are lost: only a write from the start can succeed. */
export function isLost(error: unknown): boolean {
  return error instanceof DistError && error.lost
}

/** Whether no request was sent because the host is paused. The caller waits and holds no slot meanwhile. */
export function isPaused(thrown: unknown): boolean {
  const error = firstError(thrown)
  return error instanceof DistError && error.paused
}

/** Whether the same call may succeed when it is retried. */
export function isRetryable(thrown: unknown): boolean {
  const error = firstError(thrown)
  return error instanceof DistError && error.retryable
}

/** The error number of a failed system call (`ENOSPC`, `ECONNREFUSED`): the first in the chain of causes. */
export function errnoOf(error: unknown): string | undefined {
  for (let e = firstError(error), depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    if (!(e instanceof DistError) && 'code' in e && typeof e.code === 'string') return e.code
  }
  return undefined
}

/**
 * The error of an aborted signal: its reason where that is a `DistError`, `DEADLINE_EXCEEDED` for a time-out, else
 * `CANCELED`.
 */
export function abortError(signal: AbortSignal): DistError {
  const reason: unknown = signal.reason
  if (reason instanceof DistError) return reason
  if (codeOf(reason) === 'DEADLINE_EXCEEDED')
    return new DistError('DEADLINE_EXCEEDED', 'timed out', { cause: reason })
  return new DistError('CANCELED', 'canceled', { cause: reason })
}

/** Throws `abortError` if the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}
