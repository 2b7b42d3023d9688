import type { Engine } from '../engine/engine.js'
import { imageJobId } from '../jobs/ids.js'

/**
 * Removes the jobs of a canceled run. A job under way stays: it notices that the run is canceled and ends, or is removed
 * the next time.
 */
export async function clearRun(engine: Engine, run: string): Promise<void> {
  const { redis, keys, states, queues } = engine
  let cursor = '0'
  do {
    // A retry may resume the run meanwhile.
    if ((await states.head(run))?.state !== 'canceled') return
    const [next, members] = await redis.sscan(keys.open(run), cursor, 'COUNT', 100)
    cursor = next
    const indexes = members.map(Number)
    const records = await states.records(run, indexes)
    for (const [i, index] of indexes.entries()) {
      const image = { run, index, attempt: records[i]?.attempt ?? 1 }
      const removed = await queues.images.remove(imageJobId(image), { removeChildren: true })
      if (removed === 1) await states.settleImage(image, { state: 'canceled' })
    }
  } while (cursor !== '0')
}
