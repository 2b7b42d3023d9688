import { jitter } from '@dist/errdefs'
import type { Engine } from '../engine/engine.js'
import { claimStore } from '../engine/store-id.js'
import { runJobId } from '../jobs/ids.js'
import { addRunJob } from '../jobs/queues.js'
import { removeEndedRun } from './remove.js'

/** The most runs that one sweep removes. */
const removedAtOnce = 10

/** Looks after all runs at an interval: gives each one that has not ended a job, and removes old ones. */
export class Sweep {
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(private readonly engine: Engine) {}

  begin(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#sweep(), jitter(this.engine.tuning.sweep / 2))
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #sweep(): Promise<void> {
    const { engine } = this
    try {
      // Again: Redis may have been wiped.
      await claimStore(engine)
      for (const run of await engine.redis.smembers(engine.keys.watched)) await ensureRunJob(engine, run)
      await trimRuns(engine)
    } catch (error) {
      if (!this.#stopped) engine.emit({ type: 'error', error })
    }
    this.begin()
  }
}

/** Adds a job to a run whose job was lost, or ended before the run. */
async function ensureRunJob(engine: Engine, run: string): Promise<void> {
  const { redis, keys, states, queues } = engine
  const head = await states.head(run)
  if (head === undefined) {
    await redis.srem(keys.watched, run)
    return
  }
  const id = runJobId({ run, round: head.round })
  const [timestamp, finished] = await redis.hmget(queues.runs.toKey(id), 'timestamp', 'finishedOn')
  if (timestamp !== null && finished === null) return await promoteLateJob(engine, id)
  // BullMQ adds no job with the id of an ended one.
  const round = finished === null ? head.round : await states.nextRound(run, head.round)
  await addRunJob(queues, { run, round }, head)
}

/** Promotes a job that a coordinator with a fast clock has delayed for too long. */
async function promoteLateJob({ redis, queues, tuning }: Engine, id: string): Promise<void> {
  const score = await redis.zscore(queues.runs.toKey('delayed'), id)
  // BullMQ keeps the time in all but the last 12 bits.
  if (score === null || Number(score) / 0x1000 - Date.now() < tuning.sweep + tuning.watch) return
  // Fails when the job was taken meanwhile.
  await (await queues.runs.getJob(id))?.promote().catch(() => {})
}

async function trimRuns(engine: Engine): Promise<void> {
  const { redis, keys, tuning } = engine
  const surplus = (await redis.zcard(keys.runs)) - tuning.keepRuns
  const old = await redis.zrangebyscore(keys.runs, 0, Date.now() - tuning.keepFor, 'LIMIT', 0, removedAtOnce)
  const oldest =
    surplus > 0 ? await redis.zrange(keys.runs, '0', String(Math.min(surplus, removedAtOnce) - 1)) : []
  for (const run of new Set([...old, ...oldest])) await removeEndedRun(engine, run)
}
