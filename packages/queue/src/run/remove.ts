import { imageJobId } from '../jobs/ids.js'
import type { Queues } from '../jobs/queues.js'
import { chunkSize } from '../state/head.js'
import type { RunStates } from '../state/states.js'

/** The keys of a run beside its head. */
const parts = [
  'references',
  'sources',
  'listed',
  'images',
  'failed',
  'causes',
  'open',
  'verified',
  'mounts',
  'turns',
  'answered',
  'tries',
  'digests',
  'ending',
  'closing',
  'pruned',
  'deleted',
] as const

/** Removes a run if it has ended, or if Redis has lost its head. False: it goes on. */
export async function removeEndedRun(
  engine: { readonly states: RunStates; readonly queues: Queues },
  run: string,
): Promise<boolean> {
  const { states } = engine
  const head = await states.head(run)
  const isWatched = async () => (await states.redis.sismember(states.keys.watched, run)) === 1
  if (head !== undefined && (head.state === 'running' || (await isWatched()))) return false
  await removeRun(engine, run, head?.total ?? 0)
  return true
}

/** Removes an ended run, with what its failed and canceled images keep for a retry. */
async function removeRun(
  engine: { readonly states: RunStates; readonly queues: Queues },
  run: string,
  total: number,
): Promise<void> {
  const { states, queues } = engine
  const { redis, keys } = states
  for (let first = 0; first < total; first += chunkSize) {
    const length = Math.min(chunkSize, total - first)
    const indexes = Array.from({ length }, (_, i) => first + i)
    const records = await states.records(run, indexes)
    for (const [i, { state, attempt }] of records.entries()) {
      if (state !== 'failed' && state !== 'canceled') continue
      const index = first + i
      if (state === 'failed')
        await queues.images.remove(imageJobId({ run, index, attempt }), { removeChildren: true })
      await redis.unlink(keys.blobs(run, index))
    }
  }
  await redis.unlink(...parts.map((part) => keys[part](run)))
  // The head is last: without it the sweep would not find the run again after a crash.
  await redis.multi().unlink(keys.run(run)).zrem(keys.runs, run).srem(keys.watched, run).exec()
}
