import { DistError } from '@dist/errdefs'
import { type Environment, nonEmpty } from './environment.js'
import { readKeys } from './read.js'
import type { Settings } from './schema.js'

export interface QueueFlags {
  /** `redis://` or `rediss://`, with or without user and password. */
  queue?: string | undefined
}

/** The URL of the queue for a command: the flag, else `DIST_QUEUE`. Undefined: no queue is configured. */
export function queueUrl(flags: QueueFlags, env: Environment): string | undefined {
  return flags.queue ?? nonEmpty(env.DIST_QUEUE)
}

/** As `queueUrl`, for a command that needs a queue. Throws `INVALID_ARGUMENT` when none is configured. */
export function requiredQueue(flags: QueueFlags, env: Environment): string {
  const url = queueUrl(flags, env)
  if (url !== undefined) return url
  throw new DistError(
    'INVALID_ARGUMENT',
    'no queue is configured: give --queue redis://host:port or set DIST_QUEUE',
  )
}

/** The settings of a connection to the queue that do not belong into a URL. */
export type QueueAccess = Pick<Settings<'worker'>, 'queueUsername' | 'queuePassword' | 'queueCaFile'>

/**
 * The access settings of a command, from the variables that services read: `DIST_QUEUE_USERNAME`,
 * `DIST_QUEUE_PASSWORD` or `DIST_QUEUE_PASSWORD_FILE`, and `DIST_QUEUE_CA_FILE`. Throws as `readSettings`.
 */
export async function readQueueAccess(env: Environment): Promise<QueueAccess> {
  return await readKeys('worker', ['queueUsername', 'queuePassword', 'queueCaFile'], { env })
}
