import { hostname } from 'node:os'
import { openTransfers } from '@dist/composition'
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
import { has, TransferBudget } from '@dist/mirror'
import { startWorker } from '@dist/queue'
import { createRedisLocker, createRedisStatuses } from '@dist/redis'
import { z } from 'zod'
import { shareMemory } from './memory.js'
import { publishTransfers } from './publish.js'
import { version } from './version.js'

/** Milliseconds that taking back its statuses may take when it stops; they expire by themselves. */
const farewell = 1_000

/** The settings of a worker, each with a text that tells what it is. */
export const workerSettings = z.object(serviceShapes.worker)

/**
 * Runs a worker until the signal aborts: blobs are fetched, verified and stored. Resolves when it has stopped, at
 * the latest its deadline and two seconds after the signal; work under way is handed back. Throws what keeps it from
 * starting, by name: settings, Redis, the store.
 */
export async function runWorker(flags: Flags<'worker'>, context: ServiceContext): Promise<void> {
  const settings = await readSettings('worker', flags, context.env)
  const run = { name: 'worker', version, port: 9465, settings }
  await runService(run, context, (surroundings) => work(settings, surroundings))
}

async function work(settings: Settings<'worker'>, surroundings: Surroundings): Promise<void> {
  const { log, metrics, context, attend } = surroundings
  const name = settings.name ?? `${hostname()}:${process.pid}`
  const memory = shareMemory(settings.memory, settings.concurrency)
  await using queue = await connectQueue(settings, { name: 'dist-worker', log, signal: context.signal })
  await using mirror = await openMirror(settings, surroundings, {
    program: `dist-worker/${version}`,
    redis: queue.redis,
    memory: memory.parts,
  })
  await using transfers = openTransfers(mirror.store, mirror.remote, mirror.requests, {
    threads: memory.threads,
  })
  await using statuses = createRedisStatuses(queue.redis, { worker: name, patience: farewell })
  const errors = sparing(log)
  await attend(
    startWorker({
      connect: queue.connect,
      store: mirror.storeId,
      present: ({ desc }) => has(mirror.store.content, desc),
      locker: createRedisLocker(queue.redis, { owner: name }),
      transfer: (task, options) => {
        transfers.announce(task.desc.size)
        return transfers.transfer(task, options)
      },
      budget: new TransferBudget(memory.transfers),
      concurrency: settings.concurrency,
      pausedFor: (host) => mirror.pauses.pausedFor(host),
      onTransfer: publishTransfers(statuses),
      onEvent: (event) => {
        metrics.count(event)
        logEvent(log, event, errors)
      },
    }),
  )
}
