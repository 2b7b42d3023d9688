import type { Engine } from '../engine/engine.js'
import { imageJobId } from '../jobs/ids.js'

/**
 * Removes the jobs of a canceled run. What is being worked on stays: it notices by itself, and is gone the next
 * time.
 */
export async function clearRun(engine: Engine, run: string): Promise<void> {
  const { redis, keys, states, queues } = engine
  let cursor = '0'
  do {
    // A retry has resumed the run.
    if ((await states.head(run))?.state !== 'canceled') return
    const [next, members] = await redis.sscan(keys.open(run), cursor, 'COUNT', 100)
    cursor = next
    const indexes = members.map(Number)
    const records = await states.records(run, indexes)
    for (const [i, index] of indexes.entries()) {
      const place = { run, index, attempt: records[i]?.attempt ?? 1 }
      const id = imageJobId(place)
      const removed = await queues.images.remove(id, { removeChildren: true })
      if (removed === 1) await states.settleImage(place, { state: 'canceled' })
    }
  } while (cursor !== '0')
}
