import type { CoordinatorParts, ServiceParts, Tuning } from '@dist/queue'
import { connectQueue, type QueueConnection } from './connect.js'
import { logEvent } from './events.js'
import { type MirrorParts, openMirror } from './mirror.js'
import { sparing } from './repeats.js'
import type { Surroundings } from './run.js'
import type { Settings } from './settings/schema.js'

/** What coordinators and workers have in common. */
export interface OpenedParts extends AsyncDisposable {
  readonly queue: QueueConnection
  readonly mirror: MirrorParts
  readonly service: ServiceParts & Pick<CoordinatorParts, 'pausedFor'>
}

export interface PartsOptions {
  /** The service's name and version: `dist-worker`, `1.2.3`. */
  readonly name: string
  readonly version: string
  /** Bytes that writes may hold on their way. Default: the store's own bounds. */
  readonly memory?: number
  readonly tuning?: Partial<Tuning> | undefined
}

/** Connects a service to its queue, opens its store and its registries. Throws what keeps it from starting, by name. */
export async function openParts(
  settings: Settings<'worker' | 'coordinator'>,
  surroundings: Surroundings,
  { name, version, memory, tuning }: PartsOptions,
): Promise<OpenedParts> {
  const { log, metrics, context, waits } = surroundings
  const queue = await connectQueue(settings, { name, log, signal: context.signal, onAway: waits })
  try {
    const mirror = await openMirror(settings, surroundings, {
      program: `${name}/${version}`,
      redis: queue.redis,
      outage: queue.outage,
      ...(memory === undefined ? {} : { memory }),
    })
    const errors = sparing(log)
    const service: OpenedParts['service'] = {
      connect: queue.connect,
      store: mirror.storeId,
      ...(tuning === undefined ? {} : { tuning }),
      pausedFor: (host) => mirror.pauses.pausedFor(host),
      onEvent: (event) => {
        metrics.count(event)
        if (event.type !== 'error' || !queue.outage.covers) logEvent(log, event, errors)
      },
    }
    const close = async () => {
      await mirror[Symbol.asyncDispose]()
      await queue[Symbol.asyncDispose]()
    }
    return { queue, mirror, service, [Symbol.asyncDispose]: close }
  } catch (error) {
    await queue[Symbol.asyncDispose]()
    throw error
  }
}
