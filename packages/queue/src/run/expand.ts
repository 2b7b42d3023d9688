import type { Engine } from '../engine/engine.js'
import { addImageJobs } from '../jobs/queues.js'
import { chunkSize, type RunHead } from '../state/head.js'
import { imageJobOf } from './items.js'
import { takeTurns } from './turns.js'

/**
 * Adds image jobs, chunk by chunk, until all are added or enough are open. A chunk is recorded after its jobs are added:
 * after a crash in between they are added again with the same ids, which changes nothing.
 */
export async function expandRun(
  engine: Engine,
  run: string,
  head: RunHead,
  signal: AbortSignal,
): Promise<void> {
  const { states, queues } = engine
  let chunk = head.expanded
  while (chunk < head.chunks && !signal.aborted) {
    if (!(await hasRoom(engine, run))) break
    const references = await states.chunk(run, chunk)
    // Redis has lost them: the status of the run is `lost`.
    if (references === undefined) break
    const opened = await states.openChunk(run, chunk, head.total)
    const first = chunk * chunkSize
    const jobs = opened.map(({ index, attempt }) =>
      imageJobOf({ run, index, attempt }, references[index - first], head),
    )
    await addImageJobs(queues, await takeTurns(engine, run, head, jobs))
    chunk = await states.advance(run, chunk)
  }
}

/** Delayed images, whose host is away, do not count, unless there are very many: other hosts would have to wait. */
async function hasRoom({ memory, redis, keys, queues, tuning }: Engine, run: string): Promise<boolean> {
  if (await memory.isFull()) return false
  const open = await redis.scard(keys.open(run))
  if (open < tuning.maxOpen) return true
  return open < tuning.maxOpen * 10 && open - (await queues.images.getDelayedCount()) < tuning.maxOpen
}
