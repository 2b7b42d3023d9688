import { DistError } from '@dist/errdefs'
import type { Job } from 'bullmq'
import type { Engine } from './engine.js'

/** Milliseconds. Who waits for less is not noted. */
const shortWait = 2_000
/** Milliseconds for which a wait is kept behind its end, because clocks differ. */
const keptFor = 3_600_000

/**
 * Notes that a job waits for the host of an error, so that it goes on when the pause of the host is ended early. `milliseconds`:
 * default: what the host has asked for. Never rejects: without the note the job waits for its time.
 */
export async function noteWait(
  { redis, keys, emit }: Pick<Engine, 'redis' | 'keys' | 'emit'>,
  job: Job,
  error: unknown,
  milliseconds = error instanceof DistError ? (error.retryAfter ?? 0) : 0,
): Promise<void> {
  const host = error instanceof DistError ? error.host : undefined
  if (host === undefined || milliseconds < shortWait) return
  const key = keys.waits(host)
  const now = Date.now()
  await redis
    .multi()
    .zadd(key, now + milliseconds, `${job.queueName} ${job.id}`)
    .zremrangebyscore(key, '-inf', now - keptFor)
    .pexpire(key, Math.ceil(milliseconds) + keptFor)
    .exec()
    .catch((failure: unknown) => emit({ type: 'error', error: failure }))
}
