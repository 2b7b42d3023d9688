import { DistError } from '@dist/errdefs'
import type { CollectionRequest, CollectionRun, CollectionStatus, DeletedPage } from '@dist/runs'
import * as z from 'zod'
import { newRunId } from '../jobs/ids.js'
import { addRunJob } from '../jobs/queues.js'
import { collectionOf, collectionRequest } from '../state/collection.js'
import { beginCollection } from '../state/scripts/index.js'
import type { Client } from './client.js'
import { type Submitter, storeOf } from './submit.js'

interface CollectionOptions {
  /** As in `RunRequest`. */
  readonly store?: string | undefined
  readonly schedule?: string | undefined
  /** The id of a new run. Default: another one for each call. */
  readonly run?: string | undefined
}

/** As `Runs.collect`. */
export async function requestCollection(
  client: Submitter & Pick<Client, 'states'>,
  request: CollectionRequest,
  store: string | undefined,
): Promise<CollectionRun> {
  const { run, joined } = await submitCollection(client, request, { store })
  if (joined === undefined || joined.grace === request.grace) return { run, isJoined: joined !== undefined }
  throw new DistError(
    'IN_USE',
    `a garbage collection with another grace is under way: dist status --watch ${run} follows it, dist cancel ${run} cancels it`,
  )
}

/** The run of a collection. `joined`: it was under way already. */
interface SubmittedCollection {
  readonly run: string
  readonly joined?: CollectionStatus | undefined
}

/**
 * Begins a collection of garbage, or finds the one under way. Dry runs do not count. After a crash behind the head of the run the
 * coordinators' sweep adds its job.
 */
export async function submitCollection(
  client: Submitter & Pick<Client, 'states'>,
  request: CollectionRequest,
  options: CollectionOptions = {},
): Promise<SubmittedCollection> {
  const { redis, keys, queues, states, ask } = client
  const { schedule, run = newRunId() } = options
  const store = await storeOf(client, options.store)
  for (;;) {
    const last = (await ask(redis.get(keys.collecting))) ?? ''
    const now = Date.now()
    const own = { collecting: keys.collecting, holder: keys.run(last), run: keys.run(run) }
    const lists = { runs: keys.runs, watched: keys.watched }
    const head = headOf(request, { store, schedule, now })
    const args = { last, id: run, now, dry: request.dryRun ? 1 : 0 }
    const state = await ask(beginCollection(redis, { ...own, ...lists }, args, { args: head }))
    if (state === 'begun') {
      await ask(addRunJob(queues, { run, round: 0 }, { kind: 'collect', sources: false, repairs: false }))
      return { run }
    }
    const going = state === 'going' ? await ask(states.head(last)) : undefined
    const joined = going && collectionOf(going)
    // Undefined: it has ended meanwhile, and was removed.
    if (joined !== undefined) return { run: last, joined }
  }
}

/** The fields of a run without images, whose closing is the collection. */
function headOf(
  request: CollectionRequest,
  { store, schedule, now }: { store: string; schedule: string | undefined; now: number },
): (string | number)[] {
  const head = {
    ...{
      kind: 'collect',
      state: 'running',
      store,
      platforms: 'all',
      total: 0,
      chunks: 0,
      expanded: 0,
      round: 0,
    },
    ...{ createdAt: now, closing: 'wanted', collection: JSON.stringify(collectionRequest.parse(request)) },
    ...(schedule === undefined ? {} : { schedule }),
  }
  return Object.entries(head).flat()
}

const deletedList = z.array(z.tuple([z.string(), z.number()]))

/** A page of what a collection has deleted so far. */
export async function deletedPage(
  { redis, keys, ask }: Pick<Client, 'redis' | 'keys' | 'ask'>,
  run: string,
  from: number,
): Promise<DeletedPage> {
  const [text, more] = await ask(redis.lrange(keys.deleted(run), from, from + 1))
  const list = text === undefined ? [] : deletedList.parse(JSON.parse(text))
  const items = list.map(([digest, size]) => ({ digest, size }))
  return more === undefined ? { items } : { items, next: from + 1 }
}
