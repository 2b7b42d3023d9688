import { openTransfers } from '@dist/composition'
import {
  connectQueue,
  openMirror,
  readSettings,
  runService,
  type Surroundings,
  serviceMain,
} from '@dist/composition/service'
import { has, storeTarget, TransferBudget } from '@dist/mirror'
import { type ServiceEvent, startCoordinator, startWorker, type Tuning } from '@dist/queue'
import { createRedisLocker } from '@dist/redis'

// A coordinator or a worker as `services` have them, with times that do not let tests wait. The first argument says
// which; flags and environment are theirs.

const version = 'test'
const tuning: Partial<Tuning> = {
  lockDuration: 2_000,
  stalledInterval: 400,
  firstBackoff: 250,
  longestBackoff: 2_000,
  firstHeld: 50,
  longestHeld: 250,
  watch: 100,
  reconcile: 500,
  lostAfter: 1_000,
  sweep: 500,
  cancelPoll: 200,
  progress: 100,
}
/** Of the locks of digests: a killed worker's are free after the first. */
const locks = { ttl: 3_000, renewEvery: 300 }

const [name] = process.argv.splice(2, 1)
if (name === 'coordinator') await coordinate()
else await work()

function coordinate(): Promise<void> {
  return serviceMain('coordinator', async (flags, context) => {
    const settings = await readSettings('coordinator', flags, context.env)
    await runService({ name: 'coordinator', version, port: 0, settings }, context, async (surroundings) => {
      const { log, attend } = surroundings
      await using queue = await connectQueue(settings, { name: 'coordinator', log, signal: context.signal })
      const { redis, connect } = queue
      await using mirror = await openMirror(settings, surroundings, { program: 'dist-coordinator', redis })
      const { content, names } = mirror.store
      await attend(
        startCoordinator({
          connect,
          tuning,
          store: mirror.storeId,
          source: mirror.remote,
          target: storeTarget(content, names),
          pausedFor: (host) => mirror.pauses.pausedFor(host),
          onEvent: (event) => tell(log, event),
        }),
      )
    })
  })
}

function work(): Promise<void> {
  return serviceMain('worker', async (flags, context) => {
    const settings = await readSettings('worker', flags, context.env)
    await runService({ name: 'worker', version, port: 0, settings }, context, async (surroundings) => {
      const { log, attend } = surroundings
      await using queue = await connectQueue(settings, { name: 'worker', log, signal: context.signal })
      const { redis, connect } = queue
      await using mirror = await openMirror(settings, surroundings, { program: 'dist-worker', redis })
      await using transfers = openTransfers(mirror.store, mirror.remote, mirror.requests)
      await attend(
        startWorker({
          connect,
          tuning,
          store: mirror.storeId,
          present: ({ desc }) => has(mirror.store.content, desc),
          locker: createRedisLocker(redis, { owner: settings.name ?? '', ...locks }),
          transfer: (task, options) => transfers.transfer(task, options),
          budget: new TransferBudget({ bytes: settings.memory, transfers: settings.concurrency }),
          concurrency: settings.concurrency,
          pausedFor: (host) => mirror.pauses.pausedFor(host),
          onEvent: (event) => tell(log, event),
        }),
      )
    })
  })
}

function tell(log: Surroundings['log'], event: ServiceEvent): void {
  log.info(event.type === 'error' ? 'error' : `${event.type} ${event.state}`, { ...event })
}
