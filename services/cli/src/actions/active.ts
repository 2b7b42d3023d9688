import type { Manager, Status } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import type { RedisStatuses, WorkerStatus } from '@dist/redis'
import { queueUrl } from '@dist/settings'
import { openQueue, openStore, retryUntilAvailable } from '@dist/wiring'
import type { Context } from '../context.js'
import type { QueueOptions, StoreOptions } from '../options.js'
import { note } from '../output.js'
import { describeError } from '../run.js'
import type { TableOptions } from '../table.js'
import { type ActiveRow, showActive } from './active-view.js'
import { sayAway } from './runs/follow.js'
import { Speeds } from './speeds.js'

/** Milliseconds in which a worker tells something new of a write: it does so once a second. */
const workersPause = 2200

export interface ActiveOptions extends StoreOptions, QueueOptions, TableOptions {
  watch?: boolean | undefined
}

/** `dist active`: writes under way, of a store or of all workers of a queue, and those of a store that were cut off. */
export async function active(context: Context, options: ActiveOptions): Promise<number> {
  const url = activeQueue(options, context.env)
  if (url === undefined) {
    const look = lookAtStore(options, context.env)
    return await showActive(context, options, options.watch ? expectantly(look, context) : look)
  }
  await using queue = await openQueue(url, context.env, { signal: context.signal })
  const look = lookAtWorkers(queue.statuses)
  const looking = options.watch ? persistently(look, context) : look
  return await showActive(context, { ...options, workers: true, pause: workersPause }, looking)
}

/** A queue that is away is waited for, and that is said once each time. */
function persistently<T>(look: () => Promise<T>, context: Context): () => Promise<T> {
  return () => {
    const say = sayAway(context)
    let away = false
    const onAway = (error: unknown) => {
      if (!away) say(error)
      away = true
    }
    return retryUntilAvailable(look, { signal: context.signal, onUnavailable: onAway })
  }
}

/** Who watches may begin before the store is made: that is said once. */
function expectantly(look: () => Promise<ActiveRow[]>, context: Context): () => Promise<ActiveRow[]> {
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
function activeQueue(options: ActiveOptions, env: NodeJS.ProcessEnv): string | undefined {
  if (options.store === undefined) return queueUrl(options, env)
  if (options.queue === undefined) return undefined
  throw new DistError('INVALID_ARGUMENT', 'writes of a store or of the workers? Give --store or --queue')
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
