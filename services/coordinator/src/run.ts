import { storeTarget } from '@dist/mirror'
import { startCoordinator, type Tuning } from '@dist/queue'
import { runService, type ServiceContext, type ServiceHost } from '@dist/service'
import { type Flags, readSettings, type Settings } from '@dist/settings'
import { openPushes } from '@dist/wiring'
import { type Announcement, openParts } from '@dist/wiring/services'
import { measureQueues, openJobCounts } from './measure.js'
import { version } from './version.js'

export interface CoordinatorOptions {
  /** Times and bounds of the engine other than the defaults: nothing that users are to set. */
  readonly tuning?: Partial<Tuning> | undefined
  /** Of how it shows that it lives; all services must have the same. */
  readonly terms?: Announcement['terms'] | undefined
}

/**
 * Runs a coordinator until the signal aborts: runs are expanded, images planned and published. Resolves when it has
 * stopped, at the latest its deadline and two seconds after the signal. Throws what keeps it from starting, by name:
 * settings, Redis, the store.
 */
export async function runCoordinator(
  flags: Flags<'coordinator'>,
  context: ServiceContext,
  options: CoordinatorOptions = {},
): Promise<void> {
  const settings = await readSettings('coordinator', flags, context.env)
  const run = { name: 'coordinator', version, port: 9464, settings }
  await runService(run, context, (surroundings) => work(settings, surroundings, options))
}

async function work(
  settings: Settings<'coordinator'>,
  surroundings: ServiceHost,
  { tuning, terms }: CoordinatorOptions,
): Promise<void> {
  const about = { service: 'coordinator', version, tuning, terms }
  await using parts = await openParts(settings, surroundings, about)
  const { queue, mirror, presence, service } = parts
  measureQueues(surroundings.metrics.registry, openJobCounts(queue.connect(), service.prefix))
  const { content, names } = mirror.store
  const pushes = openPushes(mirror.remote)
  const stored = storeTarget(content, names)
  const coordinator = startCoordinator({
    ...service,
    source: mirror.remote,
    target: (reference, to) => (to === undefined ? stored : pushes.target(to))(reference),
    published: { content, names },
    concurrency: settings.concurrency,
  })
  presence.countJobs(() => coordinator.active)
  await surroundings.run(coordinator)
}
