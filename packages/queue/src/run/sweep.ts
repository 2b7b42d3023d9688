import { jitter } from '@dist/errdefs'
import type { Engine } from '../engine/engine.js'
import { claimStore } from '../engine/storeid.js'
import { runJobId } from '../jobs/ids.js'
import { addRunJob } from '../jobs/queues.js'
import { removeRun } from './remove.js'

/** Runs that are removed in one sweep, at most. */
const removedAtOnce = 10

/** Looks after all runs, now and then: each that is not over has a job, and old ones go. */
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
      // A Redis that was wiped has forgotten it.
      await claimStore(engine)
      for (const run of await engine.redis.smembers(engine.keys.watched)) await ensureRunJob(engine, run)
      await trimRuns(engine)
    } catch (error) {
      if (!this.#stopped) engine.emit({ type: 'error', error })
    }
    this.begin()
  }
}

/** A run whose job was lost, or has ended before the run, gets a new one. */
async function ensureRunJob(engine: Engine, run: string): Promise<void> {
  const { redis, keys, states, queues, tuning } = engine
  const head = await states.head(run)
  if (head === undefined) {
    await redis.srem(keys.watched, run)
    return
  }
  const key = queues.runs.toKey(runJobId({ run, round: head.round }))
  const [timestamp, finished] = await redis.hmget(key, 'timestamp', 'finishedOn')
  if (timestamp !== null && finished === null)
    return await wakeRunJob(engine, runJobId({ run, round: head.round }))
  // The id of a job that has ended is spent.
  const round = finished === null ? head.round : await states.nextRound(run, head.round)
  await addRunJob(queues, { v: 1, run, round }, tuning)
}

/** A coordinator with a fast clock has put the job off for longer than anybody means. */
async function wakeRunJob({ redis, queues, tuning }: Engine, id: string): Promise<void> {
  const score = await redis.zscore(queues.runs.toKey('delayed'), id)
  // BullMQ keeps the time in all but the last 12 bits.
  if (score === null || Number(score) / 0x1000 - Date.now() < tuning.sweep + tuning.watch) return
  // Whoever takes it in this moment needs no help.
  await (await queues.runs.getJob(id))?.promote().catch(() => {})
}

async function trimRuns(engine: Engine): Promise<void> {
  const { redis, keys, tuning, states } = engine
  const many = (await redis.zcard(keys.runs)) - tuning.keepRuns
  const old = await redis.zrangebyscore(keys.runs, 0, Date.now() - tuning.keepFor, 'LIMIT', 0, removedAtOnce)
  const excess = many > 0 ? await redis.zrange(keys.runs, '0', String(Math.min(many, removedAtOnce) - 1)) : []
  for (const run of new Set([...old, ...excess])) {
    const head = await states.head(run)
    const over =
      head === undefined || (head.state !== 'running' && (await redis.sismember(keys.watched, run)) === 0)
    if (over) await removeRun(engine, run, head?.total ?? 0)
  }
}
