import { imageJobId } from '../jobs/ids.js'
import type { Queues } from '../jobs/queues.js'
import { chunkSize } from '../state/head.js'
import type { RunStates } from '../state/states.js'

/** Removes an ended run, with what its failed and canceled images have left for a retry. */
export async function removeRun(
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
  // The head last: without it nobody would come back for the rest.
  const own = ['references', 'images', 'open', 'verdicts', 'places', 'turns', 'answered', 'digests'] as const
  await redis.unlink(...own.map((name) => keys[name](run)))
  await redis.multi().unlink(keys.run(run)).zrem(keys.runs, run).srem(keys.watched, run).exec()
}
