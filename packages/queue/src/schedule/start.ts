import { defineScript } from '@dist/redis'
import type { CollectionRequest } from '@dist/runs'
import type { ClientParts } from '../client/client.js'
import { submitCollection } from '../client/collect.js'
import { submitRun } from '../client/submit.js'
import { newRunId } from '../jobs/ids.js'
import type { Definition } from './definition.js'

/** A run that a schedule has started, or its last one, which is still going. */
export interface Start {
  readonly state: 'started' | 'going' | 'gone'
  readonly run: string
}

/**
 * Decides whether a schedule starts a run: not while its last one is going. `last`: the last run, as the caller knows it.
 * `due`: what is started; the same again is the same run. `counts`: whether a start that is left out counts.
 */
const claimStart = defineScript('claimStart', {
  keys: ['schedules', 'schedule', 'runs', 'run', 'references'],
  args: ['id', 'last', 'due', 'next', 'now', 'counts'],
  lua: `
if redis.call('HEXISTS', keys.schedules, args.id) == 0 then return {'gone', ''} end
local known = redis.call('HMGET', keys.schedule, 'run', 'due')
if known[2] == args.due then return {'started', known[1]} end
if (known[1] or '') ~= args.last then return {'changed', ''} end
local head = redis.call('HMGET', keys.run, 'state', 'chunks')
local lost = tonumber(head[2] or 0) > 0 and redis.call('EXISTS', keys.references) == 0
if head[1] == 'running' and not lost then
  if args.counts == '1' then redis.call('HINCRBY', keys.schedule, 'skipped', 1) end
  return {'going', args.last}
end
redis.call('HSET', keys.schedule, 'run', args.next, 'due', args.due, 'startedAt', args.now)
redis.call('HDEL', keys.schedule, 'skipped', 'error')
redis.call('LPUSH', keys.runs, args.next)
return {'started', args.next}`,
  reply: (value) => {
    const [state, run] = value as [Start['state'] | 'changed', string]
    return { state, run }
  },
})

/**
 * Starts the run of a schedule, unless its last one is going. `due` names the occasion: a second call for the same one
 * goes on where the first stopped, so that a crash neither loses the run nor starts two.
 */
export async function startRun(
  parts: ClientParts,
  id: string,
  { name, sources, collection }: Definition,
  { due, counts }: { readonly due: string; readonly counts: boolean },
): Promise<Start> {
  const { redis, keys, ask } = parts
  for (;;) {
    const last = (await ask(redis.hget(keys.schedule(id), 'run'))) ?? ''
    const own = {
      schedules: keys.schedules,
      schedule: keys.schedule(id),
      runs: keys.scheduleRuns(id),
      run: keys.run(last),
      references: keys.references(last),
    }
    const args = { id, last, due, next: newRunId(), now: Date.now(), counts: counts ? 1 : 0 }
    const { state, run } = await ask(claimStart(redis, own, args))
    // Another start came between.
    if (state === 'changed') continue
    if (state !== 'started' || (await ask(redis.exists(keys.run(run)))) === 1) return { state, run }
    if (collection !== undefined) return await startCollection(parts, id, { name, collection }, run)
    await submitRun(parts, { references: [], sources, platforms: 'all', schedule: name }, run)
    return { state, run }
  }
}

/** Starts a collection of garbage, or takes one that is under way for it. */
async function startCollection(
  parts: ClientParts,
  id: string,
  { name, collection }: { readonly name: string; readonly collection: CollectionRequest },
  run: string,
): Promise<Start> {
  const begun = await submitCollection(parts, collection, { schedule: name, run })
  if (begun.joined === undefined) return { state: 'started', run }
  await parts.ask(parts.redis.hset(parts.keys.schedule(id), 'run', begun.run))
  return { state: 'going', run: begun.run }
}
