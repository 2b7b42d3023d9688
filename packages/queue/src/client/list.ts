import type { RunFilter, RunStatus } from '@dist/runs'
import { type RunHead, statusOf } from '../state/head.js'
import type { Client } from './client.js'

/** Runs that are read at the same time. */
const readAtOnce = 100

/** The runs that pass the filter, newest first. Reads no more runs than it needs to fill `limit`. */
export async function listRuns(client: Client, filter: RunFilter): Promise<RunStatus[]> {
  const { redis, keys, states, ask } = client
  const { limit } = filter
  const isFiltered = [filter.state, filter.schedule, filter.kind].some((each) => each !== undefined)
  const most = limit ?? Number.POSITIVE_INFINITY
  // Without a filter each run that is read is wanted.
  const page = isFiltered ? readAtOnce : Math.min(readAtOnce, most)
  const found: RunStatus[] = []
  const first = filter.after === undefined ? 0 : await placeAfter(client, filter.after)
  for (let start = first; found.length < most; start += page) {
    const ids = await ask(redis.zrange(keys.runs, String(start), String(start + page - 1), 'REV'))
    const statuses = await Promise.all(
      ids.map(async (run) => {
        const head = await ask(states.head(run))
        return head === undefined ? undefined : readStatus(client, run, head)
      }),
    )
    const passed = statuses.filter((status) => status !== undefined)
    found.push(...passed.filter((status) => passes(status, filter)))
    if (ids.length < page) break
  }
  return found.slice(0, limit)
}

/** The place in the list behind a run, which may have been removed. Runs of the same millisecond are ordered by id. */
async function placeAfter(
  { redis, keys, ask }: Client,
  { id, createdAt }: Pick<RunStatus, 'id' | 'createdAt'>,
): Promise<number> {
  const rank = await ask(redis.zrevrank(keys.runs, id))
  return rank === null ? ask(redis.zcount(keys.runs, createdAt.getTime(), '+inf')) : rank + 1
}

function passes(status: RunStatus, filter: RunFilter): boolean {
  return (['state', 'schedule', 'kind'] as const).every((key) => (filter[key] ?? status[key]) === status[key])
}

/** The status of a run; a running one whose references are gone is `lost`. */
export async function readStatus(client: Client, run: string, head: RunHead): Promise<RunStatus> {
  const { ask, redis, keys } = client
  const needsReferences = head.state === 'running' && head.chunks > 0
  const isLost = needsReferences && (await ask(redis.exists(keys.references(run)))) === 0
  return statusOf(run, head, isLost)
}
