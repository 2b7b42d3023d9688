import { hostname } from 'node:os'
import { has } from '@dist/content'
import { type BlobTask, type PushTask, TransferBudget, verifyBlob } from '@dist/mirror'
import { roomFor, startWorker, type Tuning } from '@dist/queue'
import { createRedisLocker, createRedisStatuses, type RedisLockerOptions } from '@dist/redis'
import { runService, type ServiceContext, type ServiceHost } from '@dist/service'
import { type Flags, readSettings, type Settings } from '@dist/settings'
import { openPushes, openTransfers } from '@dist/wiring'
import { type Announcement, openParts } from '@dist/wiring/services'
import { shareMemory } from './memory.js'
import { publishTransfers } from './publish.js'
import { version } from './version.js'

/** Milliseconds that taking back its statuses may take when it stops; they expire by themselves. */
const shutdownGraceMs = 1_000

/** Times other than the defaults: nothing that users are to set. */
export interface WorkerOptions {
  readonly tuning?: Partial<Tuning> | undefined
  /** Of the locks of digests. */
  readonly locks?: Pick<RedisLockerOptions, 'ttl' | 'renewEvery'> | undefined
  /** Of how it shows that it lives; all services must have the same. */
  readonly terms?: Announcement['terms'] | undefined
}

/**
 * Runs a worker until the signal aborts: blobs are fetched, verified and stored. Resolves when it has stopped, at
 * the latest its deadline and two seconds after the signal; work under way is handed back. Throws what keeps it from
 * starting, by name: settings, Redis, the store.
 */
export async function runWorker(
  flags: Flags<'worker'>,
  context: ServiceContext,
  options: WorkerOptions = {},
): Promise<void> {
  const settings = await readSettings('worker', flags, context.env)
  const name = settings.name ?? `${hostname()}:${process.pid}`
  const run = { name: 'worker', version, port: 9465, settings, fields: { worker: name } }
  await runService(run, context, (surroundings) => work(name, settings, surroundings, options))
}

async function work(
  name: string,
  settings: Settings<'worker'>,
  surroundings: ServiceHost,
  { tuning, locks, terms }: WorkerOptions,
): Promise<void> {
  const memory = shareMemory(settings.memory, roomFor(settings.concurrency))
  const about = { service: 'worker', name, version, memory: memory.parts, tuning, terms }
  await using parts = await openParts(settings, surroundings, about)
  const { queue, mirror, presence, service } = parts
  const { content, local } = mirror.store
  await using transfers = openTransfers(mirror.store, mirror.remote, mirror.requests, {
    threads: memory.threads,
  })
  const pushes = openPushes(mirror.remote)
  await using statuses = createRedisStatuses(queue.redis, { worker: name, timeoutMs: shutdownGraceMs })
  const worker = startWorker({
    ...service,
    locker: createRedisLocker(queue.redis, { ...locks, owner: name, presence }),
    // Into a bucket the transfer's own first request asks the same; a folder spares a thread its start.
    isPresent: async (task, options) =>
      isPush(task) ? pushes.isPresent(task, options) : local !== undefined && has(content, task.desc),
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
  await surroundings.run(worker)
}

function isPush(task: BlobTask): task is PushTask {
  return task.to !== undefined
}
