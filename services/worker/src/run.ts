import { hostname } from 'node:os'
import { has } from '@dist/content'
import { measuredLocker } from '@dist/locks'
import { type BlobTask, type PushTask, TransferBudget, verifyBlob } from '@dist/mirror'
import { roomFor, startWorker, type Tuning } from '@dist/queue'
import { createRedisLocker, createRedisStatuses, type RedisLockerOptions } from '@dist/redis'
import { measureLocks, runService, type ServiceContext, type ServiceHost } from '@dist/service'
import { type Flags, readSettings, type Settings } from '@dist/settings'
import { openPushes, openTransfers } from '@dist/wiring'
import { type Announcement, openParts } from '@dist/wiring/services'
import manifest from '../package.json' with { type: 'json' }
import { shareMemory } from './memory.js'
import { publishTransfers } from './publish.js'

/** Removing its statuses may take this long during the shutdown. They also expire. */
const removeStatusesMs = 1_000

/** Values that are not settings. Tests change them. */
export interface WorkerOptions {
  readonly tuning?: Partial<Tuning> | undefined
  /** Terms of the locks of digests. */
  readonly locks?: Pick<RedisLockerOptions, 'ttl' | 'renewEvery'> | undefined
  /** Terms of the heartbeat. All services of a queue must have the same. */
  readonly terms?: Announcement['terms'] | undefined
}

/**
 * Runs a worker until the signal aborts: it fetches, verifies and stores blobs. Resolves when it has stopped, at the latest 2 s
 * after its deadline; jobs in progress are handed back. Throws the error that prevents the start: settings, Redis or the
 * store.
 */
export async function runWorker(
  flags: Flags<'worker'>,
  context: ServiceContext,
  options: WorkerOptions = {},
): Promise<void> {
  const settings = await readSettings('worker', flags, context.env)
  const name = settings.name ?? `${hostname()}:${process.pid}`
  const { listen, logLevel, deadline } = settings
  const fields = { worker: name }
  const service = {
    name: 'worker',
    version: manifest.version,
    port: 9465,
    listen,
    logLevel,
    deadline,
    fields,
  }
  await runService(service, context, (host) => start(name, settings, host, options))
}

async function start(
  name: string,
  settings: Settings<'worker'>,
  host: ServiceHost,
  { tuning, locks, terms }: WorkerOptions,
): Promise<void> {
  const memory = shareMemory(settings.memory, roomFor(settings.concurrency))
  const identity = { service: 'worker', name, version: manifest.version, tuning, terms }
  await using parts = await openParts(settings, host, { ...identity, memory: memory.parts })
  const { queue, mirror, presence, service } = parts
  const { content, local } = mirror.store
  await using transfers = openTransfers(mirror.store, mirror.remote, mirror.requests, {
    threads: memory.threads,
  })
  const pushes = openPushes(mirror.remote)
  await using statuses = createRedisStatuses(queue.redis, { worker: name, timeoutMs: removeStatusesMs })
  const worker = startWorker({
    ...service,
    locker: measuredLocker(
      createRedisLocker(queue.redis, { ...locks, owner: name, presence }),
      measureLocks(host.metrics.registry),
    ),
    // The first request of a transfer into a bucket checks this anyway. For a folder, a check here saves a call of a thread.
    isPresent: async (task, options) =>
      isPush(task) ? pushes.isPresent(task, options) : local !== undefined && has(content, task.desc),
    trustsAbsence: local === undefined,
    transfer: (task, options) => {
      if (isPush(task)) return pushes.transfer(task, options)
      transfers.announce(task.desc.size)
      return transfers.transfer(task, options)
    },
    verify: (wanted, options) => verifyBlob(wanted, content, options),
    budget: new TransferBudget(memory.transfers),
    concurrency: settings.concurrency,
    onTransfer: publishTransfers(statuses),
  })
  presence.countJobs(() => worker.active)
  await host.run(worker)
}

function isPush(task: BlobTask): task is PushTask {
  return task.to !== undefined
}
