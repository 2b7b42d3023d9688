import { hostname } from 'node:os'
import { unlessAborted } from '@dist/errdefs'
import { announceService, type Presence, type PresenceTerms } from '@dist/redis'
import type { Logger } from '@dist/service'
import type { QueueConnection } from './connect.js'

export interface Announcement {
  /** `worker`, `coordinator`, `dashboard`. */
  readonly service: string
  readonly version: string
  /** Default: host name and process id. */
  readonly name?: string | undefined
  /** Times other than the defaults: nothing that users are to set. */
  readonly terms?: PresenceTerms | undefined
}

/** Shows a service to all who share its queue; resolves when it has been shown. `CANCELED` through the signal. */
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
