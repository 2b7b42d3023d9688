import {
  connectQueue,
  type Flags,
  logEvent,
  openMirror,
  readSettings,
  runService,
  type ServiceContext,
  type Settings,
  type Surroundings,
  serviceShapes,
  sparing,
} from '@dist/composition/service'
import { storeTarget } from '@dist/mirror'
import { startCoordinator } from '@dist/queue'
import { z } from 'zod'
import { measureQueues } from './depth.js'
import { version } from './version.js'

/** The settings of a coordinator, each with a text that tells what it is. */
export const coordinatorSettings = z.object(serviceShapes.coordinator)

/**
 * Runs a coordinator until the signal aborts: runs are expanded, images planned and published. Resolves when it has
 * stopped, at the latest its deadline and two seconds after the signal. Throws what keeps it from starting, by name:
 * settings, Redis, the store.
 */
export async function runCoordinator(flags: Flags<'coordinator'>, context: ServiceContext): Promise<void> {
  const settings = await readSettings('coordinator', flags, context.env)
  const run = { name: 'coordinator', version, port: 9464, settings }
  await runService(run, context, (surroundings) => work(settings, surroundings))
}

async function work(settings: Settings<'coordinator'>, surroundings: Surroundings): Promise<void> {
  const { log, metrics, context, attend } = surroundings
  const { signal } = context
  await using queue = await connectQueue(settings, { name: 'dist-coordinator', log, signal })
  const program = `dist-coordinator/${version}`
  await using mirror = await openMirror(settings, surroundings, { program, redis: queue.redis })
  measureQueues(metrics.registry, queue.connect)
  const errors = sparing(log)
  await attend(
    startCoordinator({
      connect: queue.connect,
      store: mirror.storeId,
      source: mirror.remote,
      target: storeTarget(mirror.store.content, mirror.store.names),
      concurrency: settings.concurrency,
      pausedFor: (host) => mirror.pauses.pausedFor(host),
      onEvent: (event) => {
        metrics.count(event)
        logEvent(log, event, errors)
      },
    }),
  )
}
