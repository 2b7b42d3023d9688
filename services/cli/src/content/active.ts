import type { Manager, Status } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import type { RedisStatuses, WorkerStatus } from '@dist/redis'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { describeError } from '../errors/describe.js'
import { callPersistently, openQueue, queueUrl } from '../open/queue.js'
import { openStore } from '../open/store.js'
import { type QueueOptions, type StoreOptions, withQueue, withStore, withTable } from '../options.js'
import { note } from '../output/print.js'
import type { TableOptions } from '../output/table.js'
import { type ActiveRow, Speeds, showActive } from './active-view.js'

const examples = `
Also lists what was cut off and can be resumed: it has no speed. dist abort throws it away.
With a queue: the writes under way of all its workers, each with its worker's name; --store looks at a store again.

Examples:
  $ dist active
  $ dist active --watch
  $ dist active --queue redis://10.0.0.5:6379`

export const activeCommand: Define = (context, onExit) =>
  withTable(withQueue(withStore(new Command('active'))))
    .option('--watch', 'show again each second, until interrupted')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await active(context, options)))

/** Milliseconds in which a worker tells something new of a write: it does so once a second. */
const workersPause = 2200

export interface ActiveOptions extends StoreOptions, QueueOptions, TableOptions {
  watch?: boolean | undefined
}

/** `dist active`: writes under way, of a store or of all workers of a queue, and those of a store that were cut off. */
export async function active(context: Context, options: ActiveOptions): Promise<number> {
  const url = await activeQueue(options, context.env)
  if (url === undefined) {
    const look = lookAtStore(options, context.env)
    return await showActive(context, options, options.watch ? awaitStore(look, context) : look)
  }
  await using queue = await openQueue(url, context, { signal: context.signal })
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

/** A store that is named is looked at, whatever queue the environment names. */
async function activeQueue(options: ActiveOptions, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (options.store === undefined) return queueUrl(options, env)
  if (options.queue === undefined) return undefined
  throw new DistError(
    'INVALID_ARGUMENT',
    '--store and --queue exclude each other: writes are listed of a store or of the workers',
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

/** All times are by the worker's own clock, which need not agree with this one: only differences count. */
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
