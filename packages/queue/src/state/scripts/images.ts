import { defineScript } from '@dist/redis'
import type { ImageRecord } from '../record.js'
import { blobLua, causeLua, endLua, imageLua, readAttempts, resumeLua } from './lua.js'

/**
 * `stale`: a later attempt has replaced this one, or its run is no longer canceled; `gone`: Redis no longer has the
 * run.
 */
export type Settled = ImageRecord['state'] | 'stale' | 'gone'

/**
 * Writes the record of an image, and ends the run with its last image. Replies the state that holds. The state of an ended
 * attempt stays. An image becomes `canceled` only while its run is: a retry may have resumed the run meanwhile. An image of a
 * canceled run does not become `active`. The blobs of a failed or canceled image are kept for its next attempt. The causes
 * are those of an image that becomes `failed`, as `blame` has them.
 */
export const settleImage = defineScript('settleImage', {
  keys: ['run', 'images', 'open', 'blobs', 'digests', 'watched', 'ending', 'failed', 'causes'],
  args: ['index', 'attempt', 'state', 'record', 'id', 'now', 'cause', 'about', 'common', 'commonAbout'],
  lua: `${imageLua}${blobLua}${causeLua}${endLua}
local run = redis.call('HGET', keys.run, 'state')
if not run then return 'gone' end
if args.state == 'canceled' and run ~= 'canceled' then return 'stale' end
if args.state == 'active' and run == 'canceled' then return 'canceled' end
local attempt, state = recordOf(redis.call('HGET', keys.images, args.index))
if attempt > tonumber(args.attempt) then return 'stale' end
if attempt == tonumber(args.attempt) and ended(state) then return state end
if attempt == tonumber(args.attempt) and state == 'active' and args.state == 'active' then return state end
tally(keys.run, state, -1)
tally(keys.run, args.state, 1)
redis.call('HSET', keys.images, args.index, args.record)
if not ended(args.state) then return args.state end
redis.call('SREM', keys.open, args.index)
if args.state == 'failed' then blame(keys, args.index, args.cause, args.about, args.common, args.commonAbout) end
if args.state == 'done' then
  local blobs = redis.call('HGETALL', keys.blobs)
  for i = 1, #blobs, 2 do
    local state, need, fetched = entryOf(blobs[i + 1])
    if not finished(state) then
      count(keys.run, keys.digests, blobs[i], blobs[i + 1], 'present', need, fetched)
    end
  end
  redis.call('DEL', keys.blobs)
end
finish(keys, args.id, args.now)
return args.state`,
  reply: (value) => value as Settled,
})

/** Opens the waiting images from index `first` up to `stop` (exclusive) of a running run. Replies their attempts. */
export const openImages = defineScript('openImages', {
  keys: ['run', 'images', 'open'],
  args: ['first', 'stop'],
  lua: `${imageLua}
if redis.call('HGET', keys.run, 'state') ~= 'running' then return {} end
local opened = {}
for index = tonumber(args.first), tonumber(args.stop) - 1 do
  local attempt, state = recordOf(redis.call('HGET', keys.images, index))
  if state == 'waiting' then
    redis.call('SADD', keys.open, index)
    table.insert(opened, index)
    table.insert(opened, attempt)
  end
end
return opened`,
  reply: (value) => readAttempts(value as unknown[]),
})

/**
 * Has failed and canceled images wait, as their next attempts, and resumes their run. `rest`: the indexes. A canceled
 * run stays canceled until `resumeRun`; its images under way wait, too, and its waiting images count. Replies the number
 * of images that wait now, and the attempts that may have left a job.
 */
export const retryImages = defineScript('retryImages', {
  keys: ['run', 'images', 'watched', 'open', 'failed', 'causes'],
  args: ['id', 'now'],
  lua: `${imageLua}${causeLua}${resumeLua}
local run = redis.call('HGET', keys.run, 'state')
if not run then return {0} end
local result, count = {0}, 0
for _, index in ipairs(rest.args) do
  local attempt, state = recordOf(redis.call('HGET', keys.images, index))
  local open = run == 'canceled' and redis.call('SREM', keys.open, index) == 1
  if open or state == 'failed' or state == 'canceled' then
    tally(keys.run, state, -1)
    if state == 'failed' then absolve(keys, index) end
    redis.call('HSET', keys.images, index, cjson.encode({attempt = attempt + 1, state = 'waiting'}))
    if state ~= 'canceled' then
      table.insert(result, index)
      table.insert(result, attempt)
    end
    count = count + 1
  elseif run == 'canceled' and state == 'waiting' then
    count = count + 1
  end
end
if count > 0 and run ~= 'canceled' then resume(keys.run, keys.watched, args.id, args.now) end
result[1] = count
return result`,
  reply: (value) => {
    const [count, ...left] = value as unknown[]
    return { count: Number(count), left: readAttempts(left) }
  },
})
