// Jobs can run twice, also at the same time: counters change by the difference between what was written and what is
// written now, in one script, never by themselves. Nothing is written for a run that Redis no longer knows.

const image = `
local function recordOf(text)
  if not text then return 1, 'waiting' end
  local record = cjson.decode(text)
  return record.attempt, record.state
end
local function ended(state) return state == 'done' or state == 'failed' or state == 'canceled' end
local function tell(run, state, by)
  if state ~= 'waiting' then redis.call('HINCRBY', run, 'images:' .. state, by) end
end
`

// A blob's entry for an image is "state need fetched": bytes to fetch for it and bytes that came, by all its tries. What
// images share counts once: a digest of the run is "open there failed need fetched", of how many entries it is in each
// state, the bytes to fetch, and those that came. Numbers are exact to 2^53; Lua would write them with 14 digits.
const blob = `
local function finished(state) return state == 'fetched' or state == 'present' end
local function digits(number) return string.format('%.0f', number) end
local function entryOf(text)
  local state, need, fetched = string.match(text or '', '^(%a+) (%d+) (%d+)$')
  return state, tonumber(need or 0), tonumber(fetched or 0)
end
local function worth(blob)
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
local function count(run, digests, field, before, state, need, fetched)
  local text = redis.call('HGET', digests, field) or '0 0 0 0 0'
  local open, there, failed, most, got = string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  local blob = {open = tonumber(open), there = tonumber(there), failed = tonumber(failed),
    need = tonumber(most), fetched = tonumber(got)}
  local was = worth(blob)
  local state0, _, fetched0 = entryOf(before)
  move(blob, state0, -1)
  move(blob, state, 1)
  blob.fetched = blob.fetched + math.max(0, fetched - fetched0)
  if state == 'moving' then blob.need = blob.fetched - fetched + need end
  if blob.need == 0 then blob.need = need end
  for name, is in pairs(worth(blob)) do
    if is ~= was[name] then redis.call('HINCRBY', run, name, digits(is - was[name])) end
  end
  redis.call('HSET', digests, field, table.concat({digits(blob.open), digits(blob.there), digits(blob.failed),
    digits(blob.need), digits(blob.fetched)}, ' '))
end
local function put(run, blobs, digests, field, before, state, need, fetched)
  count(run, digests, field, before, state, need, fetched)
  redis.call('HSET', blobs, field, state .. ' ' .. digits(need) .. ' ' .. digits(fetched))
end
`

/**
 * KEYS run, images, open, blobs, digests. ARGV index, attempt, state, record. Returns the state that holds, `stale` or
 * `gone`. An image becomes `canceled` only while its run is: a retry may have resumed the run meanwhile. The blobs of a
 * failed or canceled image are kept for its next attempt.
 */
export const settleImage = `${image}${blob}
local run = redis.call('HGET', KEYS[1], 'state')
if not run then return 'gone' end
if ARGV[3] == 'canceled' and run ~= 'canceled' then return 'stale' end
local attempt, state = recordOf(redis.call('HGET', KEYS[2], ARGV[1]))
if attempt > tonumber(ARGV[2]) then return 'stale' end
if attempt == tonumber(ARGV[2]) and ended(state) then return state end
tell(KEYS[1], state, -1)
tell(KEYS[1], ARGV[3], 1)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
if not ended(ARGV[3]) then return ARGV[3] end
redis.call('SREM', KEYS[3], ARGV[1])
if ARGV[3] ~= 'done' then return ARGV[3] end
local blobs = redis.call('HGETALL', KEYS[4])
for i = 1, #blobs, 2 do
  local state, need, fetched = entryOf(blobs[i + 1])
  if not finished(state) then count(KEYS[1], KEYS[5], blobs[i], blobs[i + 1], 'present', need, fetched) end
end
redis.call('DEL', KEYS[4])
return 'done'`

/** KEYS run, images, blobs, digests. ARGV index, attempt, then field and size of each blob. What was planned before and is
 * not planned now has come by other ways, and counts no more. */
export const planBlobs = `${image}${blob}
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local attempt, state = recordOf(redis.call('HGET', KEYS[2], ARGV[1]))
if attempt ~= tonumber(ARGV[2]) or state ~= 'active' then return 'stale' end
local planned = {}
for i = 3, #ARGV, 2 do planned[ARGV[i]] = true end
local before = redis.call('HGETALL', KEYS[3])
for i = 1, #before, 2 do
  local state, _, fetched = entryOf(before[i + 1])
  if not planned[before[i]] and not finished(state) then
    count(KEYS[1], KEYS[4], before[i], before[i + 1], nil, 0, fetched)
    redis.call('HDEL', KEYS[3], before[i])
  end
end
for i = 3, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[3], ARGV[i])
  local state, need, fetched = entryOf(known)
  if not state or finished(state) then need, fetched = tonumber(ARGV[i + 1]), 0 end
  put(KEYS[1], KEYS[3], KEYS[4], ARGV[i], known, 'planned', need, fetched)
end
return 'planned'`

/**
 * KEYS run, images, blobs, digests. ARGV index, attempt, field, state, size, start, offset: where a transfer starts and
 * how far it is. What is there stays there. What an earlier try of the run has left is fetched, what was there before is
 * not. A blob that is found there after all its bytes had come was committed by who died before telling.
 */
export const settleBlob = `${image}${blob}
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local attempt, held = recordOf(redis.call('HGET', KEYS[2], ARGV[1]))
if attempt ~= tonumber(ARGV[2]) or held ~= 'active' then return 'stale' end
local state, size = ARGV[4], tonumber(ARGV[5])
local before = redis.call('HGET', KEYS[3], ARGV[3])
local was, need, fetched = entryOf(before)
if finished(was) then return 'finished' end
if state == 'moving' or state == 'fetched' then
  local start = tonumber(ARGV[6])
  if was and (was ~= 'planned' or fetched > 0) then start = math.min(start, size - need) end
  need = size - start
  fetched = math.max(fetched, tonumber(ARGV[7]) - start)
end
if state == 'present' and was == 'moving' and need > 0 and fetched >= need then state = 'fetched' end
put(KEYS[1], KEYS[3], KEYS[4], ARGV[3], before, state, need, fetched)
return state`

/** KEYS run, images, open. ARGV first index, end. Answers index and attempt of those that wait, and opens them. */
export const openImages = `${image}
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return {} end
local opened = {}
for index = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  local attempt, state = recordOf(redis.call('HGET', KEYS[2], index))
  if state == 'waiting' then
    redis.call('SADD', KEYS[3], index)
    table.insert(opened, index)
    table.insert(opened, attempt)
  end
end
return opened`

/** KEYS run. ARGV chunk, next chunk. A retry that has set it back meanwhile wins. */
export const advance = `
if redis.call('HGET', KEYS[1], 'expanded') == ARGV[1] then redis.call('HSET', KEYS[1], 'expanded', ARGV[2]) end
return redis.call('HGET', KEYS[1], 'expanded')`

/**
 * KEYS run, open, watched, digests. ARGV run id, now, store. Returns the state; ends a run that has nothing left to do.
 * The digests of a run that is done are deleted: it cannot be retried.
 */
export const endRun = `
local head = redis.call('HMGET', KEYS[1], 'state', 'expanded', 'chunks', 'total', 'images:done', 'images:failed',
  'images:canceled', 'store', 'to', 'listing')
if not head[1] then return 'gone' end
if head[8] == '' and not head[9] then redis.call('HSET', KEYS[1], 'store', ARGV[3]) end
local open = redis.call('SCARD', KEYS[2])
if head[1] ~= 'running' then
  if open == 0 then
    redis.call('SREM', KEYS[3], ARGV[1])
    if head[1] == 'done' then redis.call('DEL', KEYS[4]) end
  end
  return head[1]
end
if head[10] and head[10] ~= 'done' then return 'running' end
if open > 0 or tonumber(head[2]) < tonumber(head[3]) then return 'running' end
local failed = tonumber(head[6] or 0)
if tonumber(head[5] or 0) + failed + tonumber(head[7] or 0) < tonumber(head[4]) then
  redis.call('HSET', KEYS[1], 'expanded', 0)
  return 'running'
end
local state = failed > 0 and 'failed' or 'done'
redis.call('HSET', KEYS[1], 'state', state, 'endedAt', ARGV[2])
redis.call('SREM', KEYS[3], ARGV[1])
if state == 'done' then redis.call('DEL', KEYS[4]) end
return state`

// The time between the end of a run and its retry does not count as time worked.
const resume = `
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

/**
 * KEYS run, images, watched, open. ARGV run id, now, then indexes. Failed and canceled images become waiting, as their
 * next attempts, and their run is resumed. A canceled run stays canceled until `resumeRun`: its images under way become
 * waiting, too, and its waiting images count. Returns the number of images that wait now, then index and attempt of
 * each that may have left a job.
 */
export const retryImages = `${image}${resume}
local run = redis.call('HGET', KEYS[1], 'state')
if not run then return {0} end
local result, count = {0}, 0
for i = 3, #ARGV do
  local attempt, state = recordOf(redis.call('HGET', KEYS[2], ARGV[i]))
  local open = run == 'canceled' and redis.call('SREM', KEYS[4], ARGV[i]) == 1
  if open or state == 'failed' or state == 'canceled' then
    tell(KEYS[1], state, -1)
    redis.call('HSET', KEYS[2], ARGV[i], cjson.encode({attempt = attempt + 1, state = 'waiting'}))
    if state ~= 'canceled' then
      table.insert(result, ARGV[i])
      table.insert(result, attempt)
    end
    count = count + 1
  elseif run == 'canceled' and state == 'waiting' then
    count = count + 1
  end
end
if count > 0 and run ~= 'canceled' then resume(KEYS[1], KEYS[3], ARGV[1], ARGV[2]) end
result[1] = count
return result`

/** KEYS run, watched. ARGV run id, now. Resumes a run that was canceled. Returns 1 if it did. */
export const resumeRun = `${resume}
if redis.call('HGET', KEYS[1], 'state') ~= 'canceled' then return 0 end
resume(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
return 1`

/** KEYS run, watched. ARGV run id, now. Gives a run up that has not ended. */
export const cancelRun = `
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'gone' end
if state ~= 'running' then return state end
redis.call('HSET', KEYS[1], 'state', 'canceled', 'endedAt', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
return 'canceled'`

/** KEYS run, verdicts. ARGV field, attempt, verdict. What was right stays so, and a later attempt's word counts. */
export const recordVerdict = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local before = redis.call('HGET', KEYS[2], ARGV[1])
if before == 'right' then return before end
if before and ARGV[3] ~= 'right' and cjson.decode(before).attempt > tonumber(ARGV[2]) then return before end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return ARGV[3]`

/** KEYS run, places. ARGV field, repository. */
export const recordPlace = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
return redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])`

/** KEYS run. ARGV lister. Answers who lists the names: whoever asked last, or nobody any more. */
export const beginListing = `
local head = redis.call('HMGET', KEYS[1], 'state', 'listing')
if head[1] ~= 'running' or head[2] == 'done' then return 'done' end
redis.call('HSET', KEYS[1], 'listing', ARGV[1])
return ARGV[1]`

/** KEYS run, references. ARGV lister, chunk, names. Whether they were taken: nobody else has begun to list. */
export const listNames = `
if redis.call('HGET', KEYS[1], 'listing') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return 1`

/** KEYS run. ARGV lister, total, chunks. The names are listed. */
export const endListing = `
if redis.call('HGET', KEYS[1], 'listing') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'listing', 'done', 'total', ARGV[2], 'chunks', ARGV[3])
return 1`

/** KEYS run, watched. ARGV run id, now, error. Ends a run whose names cannot be listed. */
export const failListing = `
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'failed', 'endedAt', ARGV[2], 'error', ARGV[3], 'listing', 'done')
return redis.call('SREM', KEYS[2], ARGV[1])`

/** KEYS run. ARGV round. The next round, unless somebody else was first. */
export const nextRound = `
if redis.call('HGET', KEYS[1], 'round') ~= ARGV[1] then return redis.call('HGET', KEYS[1], 'round') end
return tostring(redis.call('HINCRBY', KEYS[1], 'round', 1))`
