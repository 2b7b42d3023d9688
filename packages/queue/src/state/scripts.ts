// Jobs can run twice, also at the same time: counters change by the difference between what was written and what is
// written now, in one script, never by themselves. Nothing is written for a run that Redis no longer knows.

const image = `
local function recordOf(text)
  if not text then return 1, 'waiting' end
  local record = cjson.decode(text)
  return record.attempt, record.state
end
local function ended(state) return state == 'done' or state == 'failed' or state == 'canceled' end
local function count(run, state, by)
  if state ~= 'waiting' then redis.call('HINCRBY', run, 'images:' .. state, by) end
end
`

// A blob's entry is "state size fetched". Numbers stay text: Lua's have 14 digits when they are written.
const blob = `
local function finished(state) return state == 'fetched' or state == 'present' end
local function add(run, field, sign, number)
  if number ~= '0' then redis.call('HINCRBY', run, field, sign .. number) end
end
local function weigh(run, entry, sign)
  local state, size, fetched = string.match(entry, '^(%a+) (%d+) (%d+)$')
  add(run, 'blobs:total', sign, '1')
  if finished(state) then add(run, 'blobs:done', sign, '1') end
  if state == 'failed' then add(run, 'blobs:failed', sign, '1') end
  if state ~= 'present' then add(run, 'bytes:total', sign, size) end
  add(run, 'bytes:fetched', sign, fetched)
end
local function put(run, blobs, field, entry)
  local before = redis.call('HGET', blobs, field)
  if before then weigh(run, before, '-') end
  redis.call('HSET', blobs, field, entry)
  weigh(run, entry, '')
end
local function stateOf(entry) return entry and string.match(entry, '^%a+') or '' end
`

/** KEYS run, images, open, blobs. ARGV index, attempt, state, record. Answers the state that holds, or `gone`. */
export const settleImage = `${image}${blob}
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local attempt, state = recordOf(redis.call('HGET', KEYS[2], ARGV[1]))
if attempt > tonumber(ARGV[2]) then return 'stale' end
if attempt == tonumber(ARGV[2]) and ended(state) then return state end
count(KEYS[1], state, -1)
count(KEYS[1], ARGV[3], 1)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
if not ended(ARGV[3]) then return ARGV[3] end
redis.call('SREM', KEYS[3], ARGV[1])
if ARGV[3] == 'failed' then return 'failed' end
if ARGV[3] == 'done' then
  local blobs = redis.call('HGETALL', KEYS[4])
  for i = 1, #blobs, 2 do
    if not finished(stateOf(blobs[i + 1])) then
      weigh(KEYS[1], blobs[i + 1], '-')
      weigh(KEYS[1], 'present 0 0', '')
    end
  end
end
redis.call('DEL', KEYS[4])
return ARGV[3]`

/** KEYS run, images, blobs. ARGV index, attempt, then field and size of each blob. What was planned before and is
 * not planned now has come by other ways, and counts no more. */
export const planBlobs = `${image}${blob}
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local attempt, state = recordOf(redis.call('HGET', KEYS[2], ARGV[1]))
if attempt ~= tonumber(ARGV[2]) or state ~= 'active' then return 'stale' end
local planned = {}
for i = 3, #ARGV, 2 do planned[ARGV[i]] = true end
local before = redis.call('HGETALL', KEYS[3])
for i = 1, #before, 2 do
  if not planned[before[i]] and not finished(stateOf(before[i + 1])) then
    weigh(KEYS[1], before[i + 1], '-')
    redis.call('HDEL', KEYS[3], before[i])
  end
end
for i = 3, #ARGV, 2 do put(KEYS[1], KEYS[3], ARGV[i], 'planned ' .. ARGV[i + 1] .. ' 0') end
return 'planned'`

/** KEYS run, images, blobs. ARGV index, attempt, field, state, size, fetched. What is there stays there. */
export const settleBlob = `${image}${blob}
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local attempt, state = recordOf(redis.call('HGET', KEYS[2], ARGV[1]))
if attempt ~= tonumber(ARGV[2]) or state ~= 'active' then return 'stale' end
local before = redis.call('HGET', KEYS[3], ARGV[3])
if finished(stateOf(before)) then return 'finished' end
put(KEYS[1], KEYS[3], ARGV[3], ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[6])
return ARGV[4]`

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

/** KEYS run, open, watched. ARGV run id, now, store. Answers the state; ends a run that has nothing left to do. */
export const endRun = `
local head = redis.call('HMGET', KEYS[1], 'state', 'expanded', 'chunks', 'total', 'images:done', 'images:failed',
  'images:canceled', 'store', 'to', 'listing')
if not head[1] then return 'gone' end
if head[8] == '' and not head[9] then redis.call('HSET', KEYS[1], 'store', ARGV[3]) end
local open = redis.call('SCARD', KEYS[2])
if head[1] ~= 'running' then
  if open == 0 then redis.call('SREM', KEYS[3], ARGV[1]) end
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
return state`

/** KEYS run, images, watched. ARGV run id, then indexes. Failed images wait again, and their run runs. */
export const retryImages = `${image}
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local again = {}
for i = 2, #ARGV do
  local attempt, state = recordOf(redis.call('HGET', KEYS[2], ARGV[i]))
  if state == 'failed' then
    count(KEYS[1], 'failed', -1)
    redis.call('HSET', KEYS[2], ARGV[i], cjson.encode({attempt = attempt + 1, state = 'waiting'}))
    table.insert(again, ARGV[i])
    table.insert(again, attempt)
  end
end
if #again > 0 then
  redis.call('HSET', KEYS[1], 'state', 'running', 'expanded', 0)
  redis.call('HDEL', KEYS[1], 'endedAt')
  redis.call('SADD', KEYS[3], ARGV[1])
end
return again`

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
