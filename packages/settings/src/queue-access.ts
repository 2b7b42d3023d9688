import type { Environment } from './environment.js'
import { readKeys } from './read.js'
import type { Settings } from './schema.js'

/** The settings of a connection to the queue that do not belong into a URL. */
export type QueueAccess = Pick<Settings<'worker'>, 'queueUsername' | 'queuePassword' | 'queueCaFile'>

/**
 * The access settings of a command, from the variables that services read: `DIST_QUEUE_USERNAME`,
 * `DIST_QUEUE_PASSWORD` or `DIST_QUEUE_PASSWORD_FILE`, and `DIST_QUEUE_CA_FILE`. Throws as `readSettings`.
 */
export async function readQueueAccess(env: Environment): Promise<QueueAccess> {
  return await readKeys('worker', ['queueUsername', 'queuePassword', 'queueCaFile'], { env })
}
