import type { Manager, Status } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import type { RedisStatuses, WorkerStatus } from '@dist/redis'
import type { QueueAddress } from '@dist/settings/command'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { describeError } from '../errors/errors.js'
import { callPersistently, openQueue, queueAddress } from '../open/queue.js'
import { openStore } from '../open/store.js'
import { type QueueOptions, type StoreOptions, withQueue, withStore, withTable } from '../options.js'
import { note } from '../output/print.js'
import type { TableOptions } from '../output/table.js'
import { type ActiveRow, Speeds, showActive } from './active-view.js'

const examples = `
Also lists interrupted writes, which can be resumed: they have no speed. dist abort discards them. With a queue, lists the
writes of all its workers, with the workers' names; --store lists those of a store.

Examples:
  $ dist active
  $ dist active --watch
  $ dist active --queue redis://10.0.0.5:6379`

export const activeCommand: Define = (context, onExit) =>
  withTable(withQueue(withStore(new Command('active'))))
    .option('--watch', 'refresh each second, until interrupted')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await active(context, options)))

/** Milliseconds between two samples of a speed. Workers update a write once a second. */
const workersPause = 2200

export interface ActiveOptions extends StoreOptions, QueueOptions, TableOptions {
  watch?: boolean | undefined
}

/** `dist active`: writes of a store, in progress and interrupted, or of all workers of a queue. */
export async function active(context: Context, options: ActiveOptions): Promise<number> {
  const address = await activeQueue(options, context.env)
  if (address === undefined) {
    const look = lookAtStore(options, context.env)
    return await showActive(context, options, options.watch ? awaitStore(look, context) : look)
  }
  await using queue = await openQueue(address, context, { signal: context.signal })
  const look = lookAtWorkers(queue.statuses)
  const looking = options.watch ? () => callPersistently(look, context) : look
  return await showActive(context, { ...options, workers: true, pause: workersPause }, looking)
}

/** `--watch` may begin before the store exists: a note tells so once. */
function awaitStore(look: () => Promise<ActiveRow[]>, context: Context): () => Promise<ActiveRow[]> {
  let said = false
  return async () => {
    try {
      return await look()
    } catch (error) {
      if (!isNotFound(error)) throw error
      if (!said) note(context, `${describeError(error)}: waiting for it`)
      said = true
      return []
    }
  }
}

/** The queue, unless `--store` is given: the option takes precedence over `DIST_QUEUE` and `DIST_SERVER`. */
async function activeQueue(
  options: ActiveOptions,
  env: NodeJS.ProcessEnv,
): Promise<QueueAddress | undefined> {
  if (options.store === undefined) return queueAddress(options, env)
  const flag = options.queue !== undefined ? '--queue' : options.server !== undefined ? '--server' : undefined
  if (flag === undefined) return undefined
  throw new DistError(
    'INVALID_ARGUMENT',
    `--store and ${flag} exclude each other: writes are listed of a store or of the workers`,
  )
}

function lookAtStore(options: StoreOptions, env: NodeJS.ProcessEnv): () => Promise<ActiveRow[]> {
  const speeds = new Speeds()
  return async () => {
    await using store = await openStore(options, env)
    const now = Date.now()
    return (await statusesOf(store.content)).map((status) => ({
      ...status,
      speed: speeds.of(status, now),
      age: now - status.startedAt.getTime(),
    }))
  }
}

async function statusesOf(content: Pick<Manager, 'statuses'>): Promise<Status[]> {
  const statuses: Status[] = []
  for await (const status of content.statuses()) statuses.push(status)
  return statuses.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime())
}

/** Times are of the worker's clock, which may differ from the local one: only differences are used. */
export function lookAtWorkers(statuses: Pick<RedisStatuses, 'list'>): () => Promise<ActiveRow[]> {
  const speeds = new Speeds()
  return async () => {
    const rows: ActiveRow[] = []
    const now = Date.now()
    for await (const status of statuses.list()) rows.push(workerRow(status, speeds, now))
    return rows.sort((a, b) => b.age - a.age)
  }
}

function workerRow(status: WorkerStatus, speeds: Speeds, now: number): ActiveRow {
  const { worker, ref, offset, startedAt, updatedAt } = status
  const age = Math.max(0, updatedAt.getTime() - startedAt.getTime())
  return { ...status, speed: speeds.of({ ref: `${worker} ${ref}`, offset }, now, updatedAt.getTime()), age }
}
