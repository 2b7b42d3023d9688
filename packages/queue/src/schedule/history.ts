import type { Engine } from '../engine/engine.js'
import { removeEndedRun } from '../run/remove.js'

/** Removes the oldest run of each schedule that has more than are kept. Called more often than a schedule starts runs. */
export async function trimHistories(engine: Engine, ids: readonly string[]): Promise<void> {
  const { redis, keys, tuning } = engine
  const pipeline = redis.pipeline()
  for (const id of ids) pipeline.llen(keys.scheduleRuns(id))
  const lengths = ((await pipeline.exec()) ?? []).map(([, length]) => Number(length))
  for (const [i, id] of ids.entries())
    if ((lengths[i] ?? 0) > tuning.keepScheduled) await trimHistory(engine, keys.scheduleRuns(id))
}

/** The oldest one may be under way again, by a retry. */
async function trimHistory(engine: Engine, runs: string): Promise<void> {
  const oldest = await engine.redis.lindex(runs, -1)
  if (oldest !== null && (await removeEndedRun(engine, oldest))) await engine.redis.lrem(runs, -1, oldest)
}
