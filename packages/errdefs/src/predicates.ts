import { type Code, DistError } from './error.js'
import { firstError } from './suppressed.js'

// Each of these asks about the first error, where disposing failed after it.

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

/** Whether it failed only because somebody else has it now. */
export function isHeld(thrown: unknown): boolean {
  const error = firstError(thrown)
  return error instanceof DistError && error.held
}

/** Whether what was written so far is lost, so that the write has to begin anew. */
export function isLost(error: unknown): boolean {
  return error instanceof DistError && error.lost
}

/** Whether nothing was asked, because the host is paused. Waiting helps; whoever waits holds nothing meanwhile. */
export function isPaused(thrown: unknown): boolean {
  const error = firstError(thrown)
  return error instanceof DistError && error.paused
}

/** Whether the same call may succeed when it is tried again. */
export function isRetryable(thrown: unknown): boolean {
  const error = firstError(thrown)
  return error instanceof DistError && error.retryable
}

/** The error number of a failed system call (`ENOSPC`, `ECONNREFUSED`), looked for along the causes. */
export function errnoOf(error: unknown): string | undefined {
  for (let e = firstError(error), depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    if (!(e instanceof DistError) && 'code' in e && typeof e.code === 'string') return e.code
  }
  return undefined
}

/** What an abort leaves behind as an error: the signal's reason where it is one of ours, else `CANCELED`. */
export function abortError(signal: AbortSignal): DistError {
  const reason: unknown = signal.reason
  if (reason instanceof DistError) return reason
  if (codeOf(reason) === 'DEADLINE_EXCEEDED')
    return new DistError('DEADLINE_EXCEEDED', 'timed out', { cause: reason })
  return new DistError('CANCELED', 'canceled', { cause: reason })
}

/** Throws `abortError` when the signal has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}
