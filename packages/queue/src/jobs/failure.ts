import { backoff, codes, type DistError, isRetryable, jitter, sanitize } from '@dist/errdefs'
import type { ReportedError } from '@dist/runs'
import { UnrecoverableError } from 'bullmq'
import * as z from 'zod'
import { toDistError } from '../redis/errors.js'
import type { Tuning } from '../tuning.js'

const maxMessage = 500
const reason = z.object({ code: z.enum(codes), message: z.string() })

/** The error as reports have it: code and a bounded message. */
export function reportedError(error: unknown): ReportedError {
  const { code, message } = toDistError(error)
  return { code, message: sanitize(message, maxMessage) }
}

/** The reason of a failed job in BullMQ: JSON with code and message. */
function formatReason(error: unknown): string {
  return JSON.stringify(reportedError(error))
}

/** Reads a reason, also one that BullMQ wrote itself. */
export function readReason(text: string | undefined): ReportedError {
  const parsed = reason.safeParse(parseJson(text ?? ''))
  if (parsed.success) return parsed.data
  if (text?.includes('stalled'))
    return { code: 'INTERNAL', message: 'job stalled too often: its workers crashed or lost Redis' }
  return { code: 'INTERNAL', message: sanitize(text || 'failed without a reason', maxMessage) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A failure that BullMQ tries again after `pauseBefore`. */
class FailedAttempt extends Error {
  readonly failure: DistError

  constructor(error: unknown) {
    super(formatReason(error))
    this.failure = toDistError(error)
  }
}

/** Whether a job fails for good with this error. */
export function isFinal(error: unknown, attemptsMade: number, attempts: number): boolean {
  return !isRetryable(toDistError(error)) || attemptsMade + 1 >= attempts
}

/** The error in the form by which BullMQ fails the job or tries it again. */
export function jobError(error: unknown, final: boolean): Error {
  return final ? new UnrecoverableError(formatReason(error)) : new FailedAttempt(error)
}

/** Whether the error is one of `jobError`. BullMQ made any other one itself. */
export function isJobError(error: unknown): boolean {
  return error instanceof Error && reason.safeParse(parseJson(error.message)).success
}

export const backoffType = 'dist'

/** Milliseconds before the next attempt. `attempt` counts from 1, as BullMQ does. */
export function pauseBefore(attempt: number, error: unknown, tuning: Tuning): number {
  const grown = backoff(attempt - 1, tuning.firstBackoff, tuning.longestBackoff)
  const asked = error instanceof FailedAttempt ? error.failure.retryAfter : undefined
  if (asked === undefined) return Math.ceil(grown)
  // Jittered: jobs that got the same Retry-After must not come back at the same moment.
  return Math.ceil(Math.max(grown, Math.min(asked, tuning.longestRetryAfter) + jitter(100)))
}
