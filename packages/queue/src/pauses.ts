import { jitter } from '@dist/errdefs'
import type { Job } from 'bullmq'
import type { Tuning } from './tuning.js'

/** Milliseconds before a blob is tried again that another worker fetches. */
export function heldPause(job: Job, { firstHeld, longestHeld }: Tuning): number {
  return grow(job, firstHeld, longestHeld)
}

/** Milliseconds before a job is tried again whose host has no slot for it. */
export function hostPause(job: Job, { firstPutOff, longestPutOff }: Tuning): number {
  return grow(job, firstPutOff, longestPutOff)
}

/** Grows with each start of the job that was not an attempt. */
function grow(job: Job, first: number, longest: number): number {
  const delays = Math.max(0, job.attemptsStarted - job.attemptsMade - 1)
  return jitter(Math.min(longest, first * 1.5 ** Math.min(delays, 30)) / 2)
}
