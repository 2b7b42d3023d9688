import { isUnavailable } from '@dist/errdefs'
import type { CoordinatorParts, ServiceParts, Tuning } from '@dist/queue'
import type { Presence } from '@dist/redis'
import type { ServiceHost } from '@dist/service'
import { throttledLogger } from '@dist/service'
import type { Settings } from '@dist/settings'
import { openObstacles } from '../redis.js'
import { type Announcement, announce } from './announce.js'
import { connectQueue, type QueueConnection } from './connect.js'
import { logEvent } from './events.js'
import { type MirrorParts, openMirror } from './mirror.js'

/** What coordinators and workers have in common. */
export interface OpenedParts extends AsyncDisposable {
  readonly queue: QueueConnection
  readonly mirror: MirrorParts
  readonly presence: Presence
  readonly service: ServiceParts & Pick<CoordinatorParts, 'hosts' | 'policy'>
}

export interface PartsOptions extends Announcement {
  /** Bytes that writes may hold on their way. Default: the store's own bounds. */
  readonly memory?: number | undefined
  readonly tuning?: Partial<Tuning> | undefined
}

/** Connects a service to its queue, opens its store and its registries. Throws what keeps it from starting, by name. */
export async function openParts(
  settings: Settings<'worker' | 'coordinator'>,
  surroundings: ServiceHost,
  { memory, tuning, ...about }: PartsOptions,
): Promise<OpenedParts> {
  const { log, metrics, context, reportWaiting: waits } = surroundings
  const { signal } = context
  const name = `dist-${about.service}`
  const opened: AsyncDisposable[] = []
  const close = async () => {
    for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
  }
  try {
    const queue = await connectQueue(settings, { name, log, signal, onUnavailable: waits })
    opened.push(queue)
    const mirror = await openMirror(settings, surroundings, {
      program: `${name}/${about.version}`,
      redis: queue.redis,
      outage: queue.outage,
      lease: about.terms?.expiry,
      memory,
    })
    opened.push(mirror)
    const presence = await announce(queue, about, { log, signal })
    opened.push(presence)
    surroundings.reportObstacles(await openObstacles(queue.redis))
    const errors = throttledLogger(log)
    const service: OpenedParts['service'] = {
      connect: queue.connect,
      presence,
      store: mirror.storeId,
      tuning,
      hosts: mirror.hosts,
      policy: mirror.policy,
      onEvent: (event) => {
        metrics.count(event)
        const say = () => logEvent(log, event, errors)
        if (event.type === 'error' && isUnavailable(event.error)) queue.outage.unlessPart(say)
        else say()
      },
    }
    return { queue, mirror, presence, service, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
