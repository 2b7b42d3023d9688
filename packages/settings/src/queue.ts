import { DistError } from '@dist/errdefs'
import { type Environment, nonEmpty, readSecret } from './environment.js'

export interface QueueFlags {
  /** `redis://` or `rediss://`, with or without user and password. */
  queue?: string | undefined
  /** The dashboard of a queue: `https://host:port`. */
  server?: string | undefined
}

/** Where a command finds a queue: at its Redis, or at the API of a dashboard. */
export type QueueAddress = { readonly queue: string } | ServerAddress

/** The API of a dashboard. */
export interface ServerAddress {
  readonly server: string
  readonly token?: string | undefined
}

/**
 * The queue of a command: the flag, else `DIST_QUEUE` or `DIST_SERVER`. The token of a server is `DIST_TOKEN`, or in the file
 * of `DIST_TOKEN_FILE`. Undefined: none is configured. Throws `INVALID_ARGUMENT` for both a queue and a server.
 */
export async function queueAddress(flags: QueueFlags, env: Environment): Promise<QueueAddress | undefined> {
  const isFlag = flags.queue !== undefined || flags.server !== undefined
  const queue = isFlag ? flags.queue : nonEmpty(env.DIST_QUEUE)
  const server = isFlag ? flags.server : nonEmpty(env.DIST_SERVER)
  if (queue !== undefined && server !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      isFlag
        ? '--queue and --server exclude each other: the server has the queue'
        : 'DIST_QUEUE and DIST_SERVER are both set: set only one of them, or give --queue or --server',
    )
  if (server !== undefined) return { server, token: await readToken(env) }
  return queue === undefined ? undefined : { queue }
}

/**
 * The dashboard that a command may use in place of a store or a registry: the flag, else `DIST_SERVER`. `elsewhere`: a flag that
 * names another place, so that the variable does not count; with the flag it is `INVALID_ARGUMENT`.
 */
export async function serverAddress(
  flags: Pick<QueueFlags, 'server'>,
  env: Environment,
  elsewhere?: string | undefined,
): Promise<ServerAddress | undefined> {
  if (flags.server !== undefined && elsewhere !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      `--server and ${elsewhere} exclude each other: the services of the server have their own settings`,
    )
  const server = flags.server ?? (elsewhere === undefined ? nonEmpty(env.DIST_SERVER) : undefined)
  return server === undefined ? undefined : { server, token: await readToken(env) }
}

async function readToken(env: Environment): Promise<string | undefined> {
  const file = nonEmpty(env.DIST_TOKEN_FILE)
  return nonEmpty(env.DIST_TOKEN) ?? (file === undefined ? undefined : readSecret(file, 'DIST_TOKEN_FILE'))
}

/** As `queueAddress`, for a command that needs a queue. Throws `INVALID_ARGUMENT` when none is configured. */
export async function requiredQueue(flags: QueueFlags, env: Environment): Promise<QueueAddress> {
  const address = await queueAddress(flags, env)
  if (address !== undefined) return address
  throw new DistError(
    'INVALID_ARGUMENT',
    'no queue is configured: give --queue redis://host:port or set DIST_QUEUE; or give --server https://host:port or set DIST_SERVER',
  )
}

/** The URL of the Redis of a queue, for a command that works on Redis itself: the flag, else `DIST_QUEUE`. Throws as above. */
export function requiredRedis({ queue }: Pick<QueueFlags, 'queue'>, env: Environment): string {
  const url = queue ?? nonEmpty(env.DIST_QUEUE)
  if (url !== undefined) return url
  throw new DistError(
    'INVALID_ARGUMENT',
    'no queue is configured: give --queue redis://host:port or set DIST_QUEUE',
  )
}
