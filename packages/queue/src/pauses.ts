import { jittered } from '@dist/errdefs'
import type { Locator } from '@dist/reference'
import type { Job } from 'bullmq'
import type { HostPauses } from './service.js'
import type { Tuning } from './tuning.js'

/** Milliseconds for which one of the two sides must not be asked; 0: go on. */
export async function pauseOf(pauses: HostPauses, source: Locator, to?: Locator): Promise<number> {
  const hosts = new Set([source.host, ...(to === undefined ? [] : [to.host])])
  const asked = [...hosts].map((host) => pauses.pausedFor?.(host) ?? 0)
  return Math.max(...(await Promise.all(asked)))
}

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
  return jittered(Math.min(longest, first * 1.5 ** Math.min(before, 30)) / 2)
}
