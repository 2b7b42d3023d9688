import { backoff, codes, type DistError, isRetryable, jitter, sanitize } from '@dist/errdefs'
import type { ReportedError } from '@dist/runs'
import { UnrecoverableError } from 'bullmq'
import { z } from 'zod'
import { toDistError } from '../redis/errors.js'
import type { Tuning } from '../tuning.js'

const longestMessage = 500
const reason = z.object({ code: z.enum(codes), message: z.string() })

export function reported(error: unknown): ReportedError {
  const { code, message } = toDistError(error)
  return { code, message: sanitize(message, longestMessage) }
}

/** What BullMQ keeps as the reason of a failed job: JSON with code and message. */
function reasonOf(error: unknown): string {
  return JSON.stringify(reported(error))
}

/** Reads a reason back; also one that BullMQ has put there by itself. */
export function readReason(text: string | undefined): ReportedError {
  const parsed = reason.safeParse(jsonOf(text ?? ''))
  if (parsed.success) return parsed.data
  if (text?.includes('stalled'))
    return { code: 'INTERNAL', message: 'whoever worked on it died or hung, too often to try again' }
  return { code: 'INTERNAL', message: sanitize(text || 'failed without a reason', longestMessage) }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A failure that BullMQ tries again after `pauseBefore`. */
class Attempt extends Error {
  readonly failure: DistError

  constructor(error: unknown) {
    super(reasonOf(error))
    this.failure = toDistError(error)
  }
}

/** Whether BullMQ is to give a job up after this error. */
export function isFinal(error: unknown, attemptsMade: number, attempts: number): boolean {
  return !isRetryable(toDistError(error)) || attemptsMade + 1 >= attempts
}

/** The error in the form that tells BullMQ what to do. */
export function jobError(error: unknown, final: boolean): Error {
  return final ? new UnrecoverableError(reasonOf(error)) : new Attempt(error)
}

/** Whether the error is one of `jobError`: everything else BullMQ has decided by itself. */
export function isJobError(error: unknown): boolean {
  return error instanceof Error && reason.safeParse(jsonOf(error.message)).success
}

export const backoffType = 'dist'

/** Milliseconds before the next attempt, as BullMQ asks for them. */
export function pauseBefore(attempt: number, error: unknown, tuning: Tuning): number {
  const grown = backoff(attempt - 1, tuning.firstBackoff, tuning.longestBackoff)
  const asked = error instanceof Attempt ? error.failure.retryAfter : undefined
  if (asked === undefined) return Math.ceil(grown)
  // All who were told the same must not come back at the same moment.
  return Math.ceil(Math.max(grown, Math.min(asked, tuning.longestRetryAfter) + jitter(100)))
}
