import { jitter } from '@dist/errdefs'
import type { Job } from 'bullmq'
import type { Tuning } from './tuning.js'

/** Milliseconds before a blob that another worker fetches is looked at again. */
export function heldPause(job: Job, { firstHeld, longestHeld }: Tuning): number {
  return grown(job, firstHeld, longestHeld)
}

/** Milliseconds before a job whose host has no slot for it is taken again. */
export function putOff(job: Job, { firstPutOff, longestPutOff }: Tuning): number {
  return grown(job, firstPutOff, longestPutOff)
}

/** Grows with every time that the job was started in vain. */
function grown(job: Job, first: number, longest: number): number {
  const before = Math.max(0, job.attemptsStarted - job.attemptsMade - 1)
  return jitter(Math.min(longest, first * 1.5 ** Math.min(before, 30)) / 2)
}
