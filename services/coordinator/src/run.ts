import { storeTarget } from '@dist/mirror'
import { type CoordinatorParts, lastSuccesses, startCoordinator, type Tuning } from '@dist/queue'
import { serviceLister } from '@dist/redis'
import { runService, type ServiceContext, type ServiceHost } from '@dist/service'
import { type Flags, readSettings, type Settings } from '@dist/settings'
import { openPushes } from '@dist/wiring'
import { scheduleReader } from '@dist/wiring/mirror-file'
import { openNotifier } from '@dist/wiring/notifier'
import { type Announcement, type OpenedParts, openParts } from '@dist/wiring/services'
import manifest from '../package.json' with { type: 'json' }
import { measureAges, openOldestJobs } from './measure/ages.js'
import { measureQueues, openJobCounts } from './measure/queues.js'
import { measureShared } from './measure/shared.js'

/** Bytes of manifests that are kept in memory for images that are planned again. */
const manifestCacheSize = 32 * 1024 * 1024

/** Values that are not settings. Tests change them. */
export interface CoordinatorOptions {
  readonly tuning?: Partial<Tuning> | undefined
  /** Terms of the heartbeat. All services of a queue must have the same. */
  readonly terms?: Announcement['terms'] | undefined
}

/**
 * Runs a coordinator until the signal aborts: it expands runs, plans images and publishes them. Resolves when it has stopped,
 * at the latest 2 s after its deadline. Throws the error that prevents the start: settings, Redis or the store.
 */
export async function runCoordinator(
  flags: Flags<'coordinator'>,
  context: ServiceContext,
  options: CoordinatorOptions = {},
): Promise<void> {
  const settings = await readSettings('coordinator', flags, context.env)
  const { listen, logLevel, deadline } = settings
  const service = { name: 'coordinator', version: manifest.version, port: 9464, listen, logLevel, deadline }
  await runService(service, context, (host) => start(settings, host, options))
}

async function start(
  settings: Settings<'coordinator'>,
  host: ServiceHost,
  { tuning, terms }: CoordinatorOptions,
): Promise<void> {
  const identity = { service: 'coordinator', version: manifest.version, tuning, terms }
  const readSchedules = await scheduledFile(settings, host)
  await using notifying = await openNotifier(settings.notifyTargets ?? {}, host.context.env)
  await using parts = await openParts(settings, host, identity)
  const { mirror, presence, service } = parts
  measure(parts, host)
  const { content, names, ledgers } = mirror.store
  const pushes = openPushes(mirror.remote)
  const intoStore = storeTarget(content, names, { manifests: manifestCacheSize })
  const coordinator = startCoordinator({
    ...service,
    source: mirror.remote,
    lists: mirror.remote,
    target: (reference, to) => (to === undefined ? intoStore : pushes.target(to))(reference),
    published: { content, names },
    pruning: { names, ledgers },
    upkeep: mirror.store,
    collections: settings.gc,
    measurements: settings.df,
    notifier: notifying.notifier,
    concurrency: settings.concurrency,
    readSchedules,
  })
  presence.countJobs(() => coordinator.active)
  await host.run(coordinator)
}

/** What coordinators alone report: the state of the queue, and what all services of it share. */
function measure({ queue, mirror, service: { prefix } }: OpenedParts, { metrics }: ServiceHost): void {
  const { registry } = metrics
  const redis = queue.connect()
  measureQueues(registry, openJobCounts(redis, prefix))
  measureAges(registry, openOldestJobs(redis, prefix))
  measureShared(registry, {
    services: serviceLister(redis),
    quotas: () => mirror.hosts.quotas(),
    successes: () => lastSuccesses(redis, prefix),
  })
}

/**
 * The schedules of the mirror file of the settings. A file that has mistakes at the start throws `INVALID_ARGUMENT`; later ones
 * are logged, and the last valid version stays.
 */
async function scheduledFile(
  { mirrorFile }: Settings<'coordinator'>,
  { log, context }: ServiceHost,
): Promise<CoordinatorParts['readSchedules']> {
  if (mirrorFile === undefined) return undefined
  const read = scheduleReader(mirrorFile, context.env)
  let first = await read()
  return async () => {
    const known = first
    first = undefined
    if (known !== undefined) return known
    return await read().catch((error: unknown) => {
      log.error('the mirror file has a mistake: the schedules of its last version stay', { error })
      return undefined
    })
  }
}
