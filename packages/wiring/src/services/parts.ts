import { isUnavailable } from '@dist/errdefs'
import type { CoordinatorParts, ServiceParts, Tuning } from '@dist/queue'
import { type Presence, recordThroughput, type ThroughputRecorder } from '@dist/redis'
import { type ServiceHost, throttledLogger } from '@dist/service'
import type { Settings } from '@dist/settings'
import { openObstacles } from '../redis.js'
import { readRegistryFiles } from '../remote.js'
import { type Announcement, announce } from './announce.js'
import { connectQueue, type QueueConnection } from './connect.js'
import { logEvent } from './log.js'
import { type MirrorParts, openMirror } from './mirror.js'

/** The parts of a coordinator or a worker. Disposing closes all of them. */
export interface OpenedParts extends AsyncDisposable {
  readonly queue: QueueConnection
  readonly mirror: MirrorParts
  readonly presence: Presence
  /** The parts that `startCoordinator` and `startWorker` have in common. */
  readonly service: ServiceParts & Pick<CoordinatorParts, 'hosts' | 'policy'>
}

export interface PartsOptions extends Announcement {
  /** Maximum bytes that writes hold in memory. Default: the limit of the store. */
  readonly memory?: number | undefined
  readonly tuning?: Partial<Tuning> | undefined
}

/**
 * Connects a service to its queue, opens its store and the client for registries, and announces the service. Throws the error
 * that prevents the start.
 */
export async function openParts(
  settings: Settings<'worker' | 'coordinator'>,
  host: ServiceHost,
  { memory, tuning, ...announcement }: PartsOptions,
): Promise<OpenedParts> {
  const name = `dist-${announcement.service}`
  const opened: AsyncDisposable[] = []
  const close = async () => {
    for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
  }
  // Redis and the store are waited for: a mistake in these files has to end the start before that.
  await readRegistryFiles(settings, host.context.env)
  try {
    const queue = await connectQueue(settings, name, host)
    opened.push(queue)
    const throughput = recordThroughput(queue.redis)
    opened.push(throughput)
    const mirror = await openMirror(settings, host, {
      program: `${name}/${announcement.version}`,
      redis: queue.redis,
      outage: queue.outage,
      lease: announcement.terms?.expiry,
      memory,
      onReceived: (bytes) => throughput.add({ bytes }),
    })
    opened.push(mirror)
    const presence = await announce(queue, announcement, { log: host.log, signal: host.context.signal })
    opened.push(presence)
    host.reportObstacles(await openObstacles(queue.redis, mirror.hosts))
    const service: OpenedParts['service'] = {
      connect: queue.connect,
      presence,
      store: mirror.storeId,
      tuning,
      hosts: mirror.hosts,
      policy: mirror.policy,
      onEvent: eventListener(host, queue, throughput),
    }
    return { queue, mirror, presence, service, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Counts and logs the events of jobs. Errors that are part of an outage of Redis are not logged. */
function eventListener(
  { log, metrics }: ServiceHost,
  { outage }: QueueConnection,
  throughput: ThroughputRecorder,
): NonNullable<ServiceParts['onEvent']> {
  const errors = throttledLogger(log)
  return (event) => {
    metrics.count(event)
    if (event.type === 'image') throughput.add(movedBy(event.state))
    const write = () => logEvent(log, event, errors)
    if (event.type === 'error' && isUnavailable(event.error)) outage.logUnlessOutage(write)
    else write()
  }
}

/** Images that have ended in a state. */
function movedBy(state: string): { images?: number; failed?: number } {
  if (state === 'failed') return { failed: 1 }
  return ['done', 'verified', 'present'].includes(state) ? { images: 1 } : {}
}
