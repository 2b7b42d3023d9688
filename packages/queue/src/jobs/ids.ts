import { createHash, randomBytes, randomInt } from 'node:crypto'
import { type Digest, encodedOf } from '@dist/oci'
import type { ImageJob, RunJob } from './payload.js'

// BullMQ accepts no id with a colon, and none that is only a number.

/** Begins with the time, so that ids sort by age. */
export function newRunId(): string {
  return `${Date.now().toString(36)}${randomBytes(4).toString('hex')}`
}

/** The first 128 bits of a hash: names may have any characters. */
export function scheduleId(name: string): string {
  return createHash('sha256').update(name).digest().subarray(0, 16).toString('base64url')
}

/** Six of the characters of base 36. */
export function newGeneration(): string {
  return randomInt(36 ** 6)
    .toString(36)
    .padStart(6, '0')
}

export function runJobId({ run, round }: Pick<RunJob, 'run' | 'round'>): string {
  return `${run}-${round}`
}

export function imageJobId({ run, index, attempt }: Pick<ImageJob, 'run' | 'index' | 'attempt'>): string {
  return `${run}-${index}-${attempt}`
}

/** The first 128 bits of a digest, in 22 characters. A collision takes 2^64 attempts. */
export function blobKey(digest: Digest): string {
  return Buffer.from(encodedOf(digest).slice(0, 32), 'hex').toString('base64url')
}

/**
 * At most 51 characters for an index below 36^4. Redis keeps the keys of such jobs in the compact form of a set
 * (`set-max-listpack-value`, from version 7.2 on).
 */
export function blobJobId(job: Pick<ImageJob, 'run' | 'index'>, generation: string, digest: Digest): string {
  return `${job.run}-${job.index.toString(36)}-${generation}-${blobKey(digest)}`
}

/** The id of a delivery: what a run tells a target of an entry. */
export function noticeId(run: string, entry: string, target: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([entry, target]))
    .digest('hex')
  return `${run}-${hash.slice(0, 16)}`
}

/** The image of an image job's id, for a job with a bad payload. */
export function parseImageJobId(id: string): { run: string; index: number; attempt: number } | undefined {
  const [, run, index, attempt] = /^([a-z0-9]+)-(\d+)-(\d+)$/.exec(id) ?? []
  if (run === undefined || !/^[a-z0-9]{12,24}$/.test(run)) return undefined
  return { run, index: Number(index), attempt: Number(attempt) }
}
