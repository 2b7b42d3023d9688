import { defineScript } from '@dist/redis'
import { blobLua, imageLua } from './lua.js'

/**
 * Records the blobs of an image's plan, and `data`, the payload with which its `job` in BullMQ goes on. `rest`: blob key
 * and size of each. A blob of an earlier plan that is not in this one, and is not finished, came in another way and
 * counts no more. Replies whether the attempt still counts and has its job.
 */
export const planBlobs = defineScript('planBlobs', {
  keys: ['run', 'images', 'blobs', 'digests', 'job'],
  args: ['index', 'attempt', 'data'],
  lua: `${imageLua}${blobLua}
local attempt, state = recordOf(redis.call('HGET', keys.images, args.index))
if attempt ~= tonumber(args.attempt) or state ~= 'active' then return 0 end
if redis.call('HSET', keys.job, 'data', args.data) > 0 then
  redis.call('DEL', keys.job)
  return 0
end
local planned = {}
for i = 1, #rest.args, 2 do planned[rest.args[i]] = tonumber(rest.args[i + 1]) end
local before, known, changes = redis.call('HGETALL', keys.blobs), {}, {}
for i = 1, #before, 2 do
  local blob, entry = before[i], before[i + 1]
  local state, _, fetched = entryOf(entry)
  if planned[blob] then
    known[blob] = entry
  elseif not finished(state) then
    local counts = redis.call('HGET', keys.digests, blob)
    redis.call('HSET', keys.digests, blob, recount(counts, entry, nil, 0, fetched, changes))
    redis.call('HDEL', keys.blobs, blob)
  end
end
for first = 1, #rest.args, 1000 do
  local blobs, entries, digests = {}, {}, {}
  for i = first, math.min(first + 998, #rest.args - 1), 2 do table.insert(blobs, rest.args[i]) end
  for i, counts in ipairs(redis.call('HMGET', keys.digests, unpack(blobs))) do
    local blob = blobs[i]
    local state, need, fetched = entryOf(known[blob])
    if not state or finished(state) then need, fetched = planned[blob], 0 end
    push(entries, blob, entryText('planned', need, fetched))
    push(digests, blob, recount(counts, known[blob], 'planned', need, fetched, changes))
  end
  redis.call('HSET', keys.digests, unpack(digests))
  redis.call('HSET', keys.blobs, unpack(entries))
end
apply(keys.run, changes)
return 1`,
  reply: (value) => value === 1,
})

/**
 * Records the state of a blob of an image; `start`, `offset`: where a transfer starts and how far it is, in bytes. A
 * finished blob stays so. Bytes that an earlier try of the run left count as fetched, those from before the run do not.
 * A blob that is found present after all its bytes had come was committed by a worker that died before it recorded it.
 * The bytes of a blob that has `arrived` are counted with its next state, which is moments away. `kept`: for how long it is
 * marked that the blob is stored, in milliseconds; 0 for no mark.
 */
export const settleBlob = defineScript('settleBlob', {
  keys: ['run', 'images', 'blobs', 'digests', 'stored'],
  args: ['index', 'attempt', 'blob', 'state', 'size', 'start', 'offset', 'kept'],
  lua: `${imageLua}${blobLua}
if finished(args.state) and args.kept ~= '0' then redis.call('SET', keys.stored, '', 'PX', args.kept) end
local attempt, held = recordOf(redis.call('HGET', keys.images, args.index))
if attempt ~= tonumber(args.attempt) or held ~= 'active' then return 'stale' end
local state, size = args.state, tonumber(args.size)
local before = redis.call('HGET', keys.blobs, args.blob)
local was, need, fetched, counted = entryOf(before)
if finished(was) then return 'finished' end
if state == 'moving' or state == 'arrived' or state == 'fetched' then
  local start = tonumber(args.start)
  if was and (was ~= 'planned' or fetched > 0) then start = math.min(start, size - need) end
  need = size - start
  fetched = math.max(fetched, tonumber(args.offset) - start)
end
if state == 'arrived' then
  redis.call('HSET', keys.blobs, args.blob, entryText(state, need, counted))
  return state
end
if state == 'present' and was == 'moving' and need > 0 and fetched >= need then state = 'fetched' end
count(keys.run, keys.digests, args.blob, before, state, need, fetched)
redis.call('HSET', keys.blobs, args.blob, entryText(state, need, fetched))
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
