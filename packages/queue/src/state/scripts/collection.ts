import { defineScript } from '@dist/redis'
import { endLua } from './lua.js'

/**
 * Begins the run of a collection of garbage with the fields of its head, unless the last one is under way. `last`: its id, as the
 * caller knows it, whose head is `holder`. `dry`: 1 for a dry run, which may begin beside others.
 */
export const beginCollection = defineScript('beginCollection', {
  keys: ['collecting', 'holder', 'run', 'runs', 'watched'],
  args: ['last', 'id', 'now', 'dry'],
  lua: `
if args.dry == '0' then
  if (redis.call('GET', keys.collecting) or '') ~= args.last then return 'changed' end
  if redis.call('HGET', keys.holder, 'state') == 'running' then return 'going' end
  redis.call('SET', keys.collecting, args.id)
end
redis.call('HSET', keys.run, unpack(rest.args))
redis.call('ZADD', keys.runs, args.now, args.id)
redis.call('SADD', keys.watched, args.id)
return 'begun'`,
  reply: (value) => value as 'changed' | 'going' | 'begun',
})

/** Records how far a collection is, and what it has deleted: lists in JSON. `kept`: seconds. */
export const recordCollection = defineScript('recordCollection', {
  keys: ['run', 'deleted'],
  args: ['progress', 'kept'],
  lua: `
if redis.call('HGET', keys.run, 'state') ~= 'running' then return 0 end
redis.call('HSET', keys.run, 'progress', args.progress)
for _, list in ipairs(rest.args) do redis.call('RPUSH', keys.deleted, list) end
if #rest.args > 0 then redis.call('EXPIRE', keys.deleted, args.kept) end
return 1`,
  reply: () => undefined,
})

/** Ends the run of a collection with its outcome. It has failed with an error; without one `error` is empty. All are JSON. */
export const endCollection = defineScript('endCollection', {
  keys: ['run', 'watched', 'ending'],
  args: ['id', 'now', 'outcome', 'remarks', 'error'],
  lua: `${endLua}
if redis.call('HGET', keys.run, 'state') ~= 'running' then return 0 end
local state = args.error == '' and 'done' or 'failed'
redis.call('HDEL', keys.run, 'progress')
redis.call('HSET', keys.run, 'state', state, 'closing', 'done', 'endedAt', args.now, 'outcome', args.outcome,
  'remarks', args.remarks)
if args.error ~= '' then redis.call('HSET', keys.run, 'error', args.error) end
announce(keys.ending, state)
return redis.call('SREM', keys.watched, args.id)`,
  reply: () => undefined,
})
