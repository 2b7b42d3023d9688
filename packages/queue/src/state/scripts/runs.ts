import { defineScript } from '@dist/redis'
import type { RunHead } from '../head.js'
import { endLua, resumeLua } from './lua.js'

type State = RunHead['state'] | 'gone'

/** Records that a chunk is expanded, unless a retry has reset it meanwhile. Replies the next chunk to expand. */
export const advanceChunk = defineScript('advanceChunk', {
  keys: ['run'],
  args: ['chunk', 'next'],
  lua: `
if redis.call('HGET', keys.run, 'expanded') == args.chunk then redis.call('HSET', keys.run, 'expanded', args.next) end
return redis.call('HGET', keys.run, 'expanded')`,
  reply: Number,
})

/**
 * Ends a run that has nothing left to do. Replies its state, or `closing` if only its closing is left. The digests of a run that is done are deleted: it cannot
 * be retried.
 */
export const endRun = defineScript('endRun', {
  keys: ['run', 'open', 'watched', 'digests', 'ending'],
  args: ['id', 'now', 'store'],
  lua: `${endLua}
local head = redis.call('HMGET', keys.run, 'state', 'store', 'to')
if not head[1] then return 'gone' end
if head[2] == '' and not head[3] then redis.call('HSET', keys.run, 'store', args.store) end
if head[1] == 'running' then
  local state = finish(keys, args.id, args.now)
  if state ~= 'short' then return state end
  redis.call('HSET', keys.run, 'expanded', 0)
  return 'running'
end
if redis.call('SCARD', keys.open) == 0 then
  redis.call('SREM', keys.watched, args.id)
  if head[1] == 'done' then redis.call('DEL', keys.digests) end
end
return head[1]`,
  reply: (value) => value as State | 'closing',
})

/** Resumes a canceled run. */
export const resumeRun = defineScript('resumeRun', {
  keys: ['run', 'watched'],
  args: ['id', 'now'],
  lua: `${resumeLua}
if redis.call('HGET', keys.run, 'state') ~= 'canceled' then return 0 end
resume(keys.run, keys.watched, args.id, args.now)
return 1`,
  reply: () => undefined,
})

/** Cancels a run that has not ended. Replies its state. */
export const cancelRun = defineScript('cancelRun', {
  keys: ['run', 'watched', 'ending'],
  args: ['id', 'now'],
  lua: `${endLua}
local state = redis.call('HGET', keys.run, 'state')
if not state then return 'gone' end
if state ~= 'running' then return state end
redis.call('HSET', keys.run, 'state', 'canceled', 'endedAt', args.now)
redis.call('SADD', keys.watched, args.id)
announce(keys.ending, 'canceled')
return 'canceled'`,
  reply: (value) => value as State,
})

/** Moves a run to the round after this one, unless another process has done so. Replies the round. */
export const nextRound = defineScript('nextRound', {
  keys: ['run'],
  args: ['round'],
  lua: `
if redis.call('HGET', keys.run, 'round') ~= args.round then return redis.call('HGET', keys.run, 'round') end
return tostring(redis.call('HINCRBY', keys.run, 'round', 1))`,
  reply: Number,
})

/** Makes `lister` the one that lists the names of a run. Replies `lister`, or `done` when nothing is to be listed. */
export const beginListing = defineScript('beginListing', {
  keys: ['run'],
  args: ['lister'],
  lua: `
local head = redis.call('HMGET', keys.run, 'state', 'listing')
if head[1] ~= 'running' or head[2] == 'done' then return 'done' end
redis.call('HSET', keys.run, 'listing', args.lister)
return args.lister`,
  reply: String,
})

/** Adds a chunk of names. Replies false when another lister has begun. */
export const listNames = defineScript('listNames', {
  keys: ['run', 'references'],
  args: ['lister', 'chunk', 'names'],
  lua: `
if redis.call('HGET', keys.run, 'listing') ~= args.lister then return 0 end
redis.call('HSET', keys.references, args.chunk, args.names)
return 1`,
  reply: (value) => value === 1,
})

/** Records that all names are listed. A run for which a closing was prepared ends with that. */
export const endListing = defineScript('endListing', {
  keys: ['run', 'closing'],
  args: ['lister', 'total', 'chunks'],
  lua: `
if redis.call('HGET', keys.run, 'listing') ~= args.lister then return 0 end
redis.call('HSET', keys.run, 'listing', 'done', 'total', args.total, 'chunks', args.chunks)
if redis.call('EXISTS', keys.closing) == 1 then redis.call('HSET', keys.run, 'closing', 'wanted') end
return 1`,
  reply: () => undefined,
})

/** Fails a run whose names cannot be listed, or whose collection of garbage fails. `error`: JSON. */
export const failRun = defineScript('failRun', {
  keys: ['run', 'watched', 'ending'],
  args: ['id', 'now', 'error'],
  lua: `${endLua}
if redis.call('HGET', keys.run, 'state') ~= 'running' then return 0 end
redis.call('HSET', keys.run, 'state', 'failed', 'endedAt', args.now, 'error', args.error, 'listing', 'done')
announce(keys.ending, 'failed')
return redis.call('SREM', keys.watched, args.id)`,
  reply: () => undefined,
})
