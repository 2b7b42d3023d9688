import { hostname } from 'node:os'
import { unlessAborted } from '@dist/errdefs'
import { announceService, type Presence, type PresenceTerms } from '@dist/redis'
import type { Logger } from '@dist/service'
import type { QueueConnection } from './connect.js'

/** Bytes that the thread of the heartbeat needs. */
export const heartbeatMemory = 16 * 2 ** 20

/** The entry of a service in the list of services. */
export interface Announcement {
  /** `worker`, `coordinator`, `dashboard`. */
  readonly service: string
  readonly version: string
  /** Default: host name and process id. */
  readonly name?: string | undefined
  /** Terms of the heartbeat that are not settings. */
  readonly terms?: PresenceTerms | undefined
}

/**
 * Adds a service to the list of services of the queue, and keeps it there by a heartbeat in a thread. Resolves when the entry
 * exists. Throws `CANCELED` through the signal.
 */
export async function announce(
  { redis, address }: QueueConnection,
  { service, version, name, terms }: Announcement,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<Presence> {
  const pid = process.pid
  const host = hostname()
  return await unlessAborted(
    announceService(redis, {
      ...terms,
      ...address,
      about: { service, version, host, pid, name: name ?? `${host}:${pid}` },
      thread: new URL('./heartbeat.js', import.meta.url),
      onError: (error) => log.error('the heartbeat failed', { error }),
    }),
    signal,
  )
}
