import { defineScript } from '@dist/redis'
import { blobLua, imageLua } from './lua.js'

/**
 * Records the blobs of an image's plan. `rest`: blob key and size of each. A blob of an earlier plan that is not in
 * this one, and is not finished, came in another way and counts no more.
 */
export const planBlobs = defineScript('planBlobs', {
  keys: ['run', 'images', 'blobs', 'digests'],
  args: ['index', 'attempt'],
  lua: `${imageLua}${blobLua}
if redis.call('EXISTS', keys.run) == 0 then return 'gone' end
local attempt, state = recordOf(redis.call('HGET', keys.images, args.index))
if attempt ~= tonumber(args.attempt) or state ~= 'active' then return 'stale' end
local planned = {}
for i = 1, #rest.args, 2 do planned[rest.args[i]] = true end
local before = redis.call('HGETALL', keys.blobs)
for i = 1, #before, 2 do
  local state, _, fetched = entryOf(before[i + 1])
  if not planned[before[i]] and not finished(state) then
    count(keys.run, keys.digests, before[i], before[i + 1], nil, 0, fetched)
    redis.call('HDEL', keys.blobs, before[i])
  end
end
for i = 1, #rest.args, 2 do
  local known = redis.call('HGET', keys.blobs, rest.args[i])
  local state, need, fetched = entryOf(known)
  if not state or finished(state) then need, fetched = tonumber(rest.args[i + 1]), 0 end
  put(keys.run, keys.blobs, keys.digests, rest.args[i], known, 'planned', need, fetched)
end
return 'planned'`,
  reply: () => undefined,
})

/**
 * Records the state of a blob of an image; `start`, `offset`: where a transfer starts and how far it is, in bytes. A
 * finished blob stays so. Bytes that an earlier try of the run left count as fetched, those from before the run do not.
 * A blob that is found present after all its bytes had come was committed by a worker that died before it recorded it.
 */
export const settleBlob = defineScript('settleBlob', {
  keys: ['run', 'images', 'blobs', 'digests'],
  args: ['index', 'attempt', 'blob', 'state', 'size', 'start', 'offset'],
  lua: `${imageLua}${blobLua}
if redis.call('EXISTS', keys.run) == 0 then return 'gone' end
local attempt, held = recordOf(redis.call('HGET', keys.images, args.index))
if attempt ~= tonumber(args.attempt) or held ~= 'active' then return 'stale' end
local state, size = args.state, tonumber(args.size)
local before = redis.call('HGET', keys.blobs, args.blob)
local was, need, fetched = entryOf(before)
if finished(was) then return 'finished' end
if state == 'moving' or state == 'fetched' then
  local start = tonumber(args.start)
  if was and (was ~= 'planned' or fetched > 0) then start = math.min(start, size - need) end
  need = size - start
  fetched = math.max(fetched, tonumber(args.offset) - start)
end
if state == 'present' and was == 'moving' and need > 0 and fetched >= need then state = 'fetched' end
put(keys.run, keys.blobs, keys.digests, args.blob, before, state, need, fetched)
return state`,
  reply: () => undefined,
})

/** Records the outcome of a verified blob. `right` stays; else the outcome of the latest attempt counts. */
export const recordVerified = defineScript('recordVerified', {
  keys: ['run', 'verified'],
  args: ['blob', 'attempt', 'outcome'],
  lua: `
if redis.call('EXISTS', keys.run) == 0 then return 'gone' end
local before = redis.call('HGET', keys.verified, args.blob)
if before == 'right' then return before end
if before and args.outcome ~= 'right' and cjson.decode(before).attempt > tonumber(args.attempt) then
  return before
end
redis.call('HSET', keys.verified, args.blob, args.outcome)
return args.outcome`,
  reply: () => undefined,
})

/** Records a repository that got a blob. */
export const recordMount = defineScript('recordMount', {
  keys: ['run', 'mounts'],
  args: ['blob', 'repository'],
  lua: `
if redis.call('EXISTS', keys.run) == 0 then return 'gone' end
return redis.call('HSET', keys.mounts, args.blob, args.repository)`,
  reply: () => undefined,
})
