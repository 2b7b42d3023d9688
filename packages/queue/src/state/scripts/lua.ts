// Lua functions that several scripts share. A job can run twice, also at the same time: counters change by the
// difference between the old and the new state, in one script. Nothing is written for a run that Redis no longer has.

/** The records of images. */
export const imageLua = `
local function recordOf(text)
  if not text then return 1, 'waiting' end
  local record = cjson.decode(text)
  return record.attempt, record.state
end
local function ended(state) return state == 'done' or state == 'failed' or state == 'canceled' end
local function tally(run, state, by)
  if state ~= 'waiting' then redis.call('HINCRBY', run, 'images:' .. state, by) end
end
`

/**
 * The causes of failed images, each with the number of its images. A run has a bounded number of causes: beyond it, images
 * count for the `common` cause of theirs, which has no text. `blame` and `absolve` change both keys together.
 */
export const causeLua = `
local function blame(keys, index, cause, about, common, commonAbout)
  if redis.call('HEXISTS', keys.causes, 'about:' .. cause) == 0 then
    if redis.call('HLEN', keys.causes) >= 400 then cause, about = common, commonAbout end
    redis.call('HSETNX', keys.causes, 'about:' .. cause, about)
  end
  redis.call('HINCRBY', keys.causes, 'images:' .. cause, 1)
  redis.call('ZADD', keys.failed, index, index .. ':' .. cause)
end
local function absolve(keys, index)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', keys.failed, index, index)) do
    redis.call('HINCRBY', keys.causes, 'images:' .. string.match(member, ':(.+)$'), -1)
    redis.call('ZREM', keys.failed, member)
  end
end
`

/**
 * The blobs of images and of their run. An image's entry for a blob is "state need counted": the bytes to fetch for
 * the image, and the bytes fetched by all its tries. All bytes of one that has `arrived` are fetched, and `counted` are
 * those that the run counts so far; `entryOf` reads it as one that is `moving`. A digest that images share counts once:
 * its entry in the run is "open there failed need fetched": the number of images in each state, the bytes to fetch, and
 * the bytes fetched. `recount` makes it anew, and adds to `changes` by how much the counters of the run change. Numbers
 * are exact up to 2^53; Lua would write them with 14 digits.
 */
export const blobLua = `
local function finished(state) return state == 'fetched' or state == 'present' end
local function digits(number) return string.format('%.0f', number) end
local function entryText(state, need, counted)
  return state .. ' ' .. digits(need) .. ' ' .. digits(counted)
end
local function entryOf(text)
  local state, need, counted = string.match(text or '', '^(%a+) (%d+) (%d+)$')
  need, counted = tonumber(need or 0), tonumber(counted or 0)
  if state == 'arrived' then return 'moving', need, math.max(need, counted), counted end
  return state, need, counted, counted
end
local function push(list, a, b)
  table.insert(list, a)
  table.insert(list, b)
end
local function countersOf(blob)
  local known = blob.open + blob.there + blob.failed > 0
  return {
    ['blobs:total'] = known and 1 or 0,
    ['blobs:done'] = blob.there > 0 and 1 or 0,
    ['blobs:failed'] = (blob.failed > 0 and blob.open + blob.there == 0) and 1 or 0,
    ['bytes:total'] = (known and blob.there == 0) and math.max(blob.need, blob.fetched) or blob.fetched,
    ['bytes:fetched'] = blob.fetched,
  }
end
local function move(blob, state, by)
  if not state then return end
  local field = finished(state) and 'there' or (state == 'failed' and 'failed' or 'open')
  blob[field] = math.max(0, blob[field] + by)
end
local function recount(text, before, state, need, fetched, changes)
  local open, there, failed, most, got = string.match(text or '0 0 0 0 0', '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  local blob = {open = tonumber(open), there = tonumber(there), failed = tonumber(failed),
    need = tonumber(most), fetched = tonumber(got)}
  local old = countersOf(blob)
  local state0, _, _, counted0 = entryOf(before)
  move(blob, state0, -1)
  move(blob, state, 1)
  blob.fetched = blob.fetched + math.max(0, fetched - counted0)
  if state == 'moving' then blob.need = blob.fetched - fetched + need end
  if blob.need == 0 then blob.need = need end
  for name, value in pairs(countersOf(blob)) do changes[name] = (changes[name] or 0) + value - old[name] end
  return table.concat({digits(blob.open), digits(blob.there), digits(blob.failed), digits(blob.need),
    digits(blob.fetched)}, ' ')
end
local function apply(run, changes)
  for name, by in pairs(changes) do
    if by ~= 0 then redis.call('HINCRBY', run, name, digits(by)) end
  end
end
local function count(run, digests, field, before, state, need, fetched)
  local changes = {}
  local counts = recount(redis.call('HGET', digests, field), before, state, need, fetched, changes)
  redis.call('HSET', digests, field, counts)
  apply(run, changes)
end
`

/**
 * The end of a run, as its last image ends it, or the coordinator that has done what is left then. The announcement wakes the clients that wait for it. It is kept for a minute,
 * for those whose connection is away; a client that misses it looks at the run.
 */
export const endLua = `
local function announce(stream, state)
  redis.call('XADD', stream, 'MAXLEN', 1, '*', 'state', state)
  redis.call('PEXPIRE', stream, 60000)
end
local function finish(keys, id, now)
  if redis.call('SCARD', keys.open) > 0 then return 'running' end
  local head = redis.call('HMGET', keys.run, 'state', 'listing', 'expanded', 'chunks', 'total', 'images:done',
    'images:failed', 'images:canceled', 'closing', 'pruned:failed')
  if head[1] ~= 'running' or (head[2] and head[2] ~= 'done') then return 'running' end
  if tonumber(head[3]) < tonumber(head[4]) then return 'running' end
  local failed = tonumber(head[7] or 0)
  if tonumber(head[6] or 0) + failed + tonumber(head[8] or 0) < tonumber(head[5]) then return 'short' end
  if head[9] == 'wanted' then return 'closing' end
  local state = failed + tonumber(head[10] or 0) > 0 and 'failed' or 'done'
  redis.call('HSET', keys.run, 'state', state, 'endedAt', now)
  redis.call('SREM', keys.watched, id)
  if state == 'done' then redis.call('DEL', keys.digests) end
  announce(keys.ending, state)
  return state
end
`

/** Has an ended run go on. The time between its end and its retry does not count as time worked. */
export const resumeLua = `
local function resume(run, watched, id, now)
  redis.call('HSET', run, 'state', 'running', 'expanded', 0)
  local times = redis.call('HMGET', run, 'endedAt', 'resumedAt', 'createdAt')
  if times[1] then
    redis.call('HINCRBY', run, 'worked', string.format('%.0f', math.max(0, times[1] - (times[2] or times[3]))))
    redis.call('HSET', run, 'resumedAt', now)
  end
  redis.call('HDEL', run, 'endedAt')
  redis.call('SADD', watched, id)
end
`

/** Reads a flat list of index and attempt. */
export function readAttempts(flat: readonly unknown[]): { index: number; attempt: number }[] {
  const attempts: { index: number; attempt: number }[] = []
  for (let i = 0; i < flat.length; i += 2)
    attempts.push({ index: Number(flat[i]), attempt: Number(flat[i + 1] ?? 1) })
  return attempts
}
