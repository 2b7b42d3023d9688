import type { MirrorResult } from '@dist/runs'
import type { Redis } from 'ioredis'
import * as z from 'zod'
import { scheduleId } from '../jobs/ids.js'
import { Keys } from '../redis/keys.js'

/** Milliseconds for which the last result of what has no schedule is kept. */
const keptMs = 90 * 86_400_000

/** Names that are forgotten together. */
const forgottenTogether = 1_000

const resultState = z.enum(['done', 'failed', 'canceled'])

/** The last result of a mirror, as Redis keeps it. */
const resultSchema = z.object({ run: z.string(), state: resultState, endedAt: z.number() })

type ResultState = z.infer<typeof resultState>

/** What has results. */
type ResultStore = { readonly redis: Redis; readonly keys: Keys }

/** When a mirror or a schedule has last succeeded. */
export interface LastSuccess {
  readonly name: string
  readonly at: Date
  /** It is a mirror of a mirror file. */
  readonly isMirror: boolean
  /** It is a schedule of the queue. */
  readonly isScheduled: boolean
}

/** Records what a run has come to for each of its mirrors, by name. May be repeated. */
export async function recordResults(
  { redis, keys }: ResultStore,
  run: string,
  states: ReadonlyMap<string, ResultState>,
): Promise<void> {
  const endedAt = Date.now()
  const transaction = redis.multi()
  for (const [name, state] of states) {
    const result: z.infer<typeof resultSchema> = { run, state, endedAt }
    transaction.hset(keys.results, name, JSON.stringify(result))
    if (state === 'done') transaction.hset(keys.succeeded, name, endedAt)
    transaction.zadd(keys.resultTimes, endedAt, name)
  }
  await transaction.exec()
  await forgetOld({ redis, keys }, endedAt - keptMs)
}

/** Records that a schedule without a mirror has succeeded. */
export async function recordSuccess({ redis, keys }: ResultStore, schedule: string): Promise<void> {
  const now = Date.now()
  await redis.multi().hset(keys.succeeded, schedule, now).zadd(keys.resultTimes, now, schedule).exec()
}

/** Forgets what has ended before a time and has no schedule. */
async function forgetOld({ redis, keys }: ResultStore, before: number): Promise<void> {
  const old = await redis.zrange(
    keys.resultTimes,
    '-inf',
    String(before),
    'BYSCORE',
    'LIMIT',
    0,
    forgottenTogether,
  )
  if (old.length === 0) return
  const scheduled = await redis.hmget(keys.schedules, ...old.map(scheduleId))
  const names = old.filter((_, i) => scheduled[i] === null)
  if (names.length === 0) return
  await redis
    .multi()
    .hdel(keys.results, ...names)
    .hdel(keys.succeeded, ...names)
    .zrem(keys.resultTimes, ...names)
    .exec()
}

/** The last results of mirrors, by name. */
export async function readResults({
  redis,
  keys,
  ask,
}: ResultStore & { ask<T>(answer: Promise<T>): Promise<T> }): Promise<MirrorResult[]> {
  const [results, succeeded] = await Promise.all([
    ask(redis.hgetall(keys.results)),
    ask(redis.hgetall(keys.succeeded)),
  ])
  return Object.entries(results)
    .map(([name, text]): MirrorResult => {
      const { run, state, endedAt } = resultSchema.parse(JSON.parse(text))
      return { name, run, state, endedAt: new Date(endedAt), succeededAt: timeOf(succeeded[name]) }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** When mirrors and schedules have last succeeded. Those that never have are absent. */
export async function lastSuccesses(redis: Redis, prefix?: string): Promise<LastSuccess[]> {
  const keys = new Keys(prefix)
  const [succeeded, ...lists] = await Promise.all([
    redis.hgetall(keys.succeeded),
    redis.hkeys(keys.results),
    redis.hkeys(keys.schedules),
  ])
  const [mirrors, scheduled] = lists.map((list) => new Set(list))
  return Object.entries(succeeded).map(([name, time]) => ({
    name,
    at: new Date(Number(time)),
    isMirror: mirrors?.has(name) === true,
    isScheduled: scheduled?.has(scheduleId(name)) === true,
  }))
}

function timeOf(milliseconds: string | undefined): Date | undefined {
  return milliseconds === undefined ? undefined : new Date(Number(milliseconds))
}
