import { randomBytes } from 'node:crypto'
import { type Digest, encodedOf } from '@dist/oci'
import type { ImageJob, RunJob } from './payload.js'

// BullMQ accepts no id with a colon, and none that is only a number.

/** Begins with the time, so that ids sort by age. */
export function newRunId(): string {
  return `${Date.now().toString(36)}${randomBytes(4).toString('hex')}`
}

export function newGeneration(): string {
  return randomBytes(5).toString('hex')
}

export function runJobId({ run, round }: Pick<RunJob, 'run' | 'round'>): string {
  return `${run}-${round}`
}

export function imageJobId({ run, index, attempt }: Pick<ImageJob, 'run' | 'index' | 'attempt'>): string {
  return `${run}-${index}-${attempt}`
}

/** The beginning of a digest, long enough to identify a blob within a run. */
export function blobKey(digest: Digest): string {
  return encodedOf(digest).slice(0, 32)
}

export function blobJobId(job: Pick<ImageJob, 'run' | 'index'>, generation: string, digest: Digest): string {
  return `${job.run}-${job.index}-${generation}-${blobKey(digest)}`
}

/** The image of an image job's id, for a job with a bad payload. */
export function parseImageJobId(id: string): { run: string; index: number; attempt: number } | undefined {
  const [, run, index, attempt] = /^([a-z0-9]+)-(\d+)-(\d+)$/.exec(id) ?? []
  if (run === undefined || !/^[a-z0-9]{12,24}$/.test(run)) return undefined
  return { run, index: Number(index), attempt: Number(attempt) }
}
