/**
 * A permit is a member of a sorted set for its host and lane; its score is when it expires, in milliseconds by Redis'
 * clock. Those of a process that was killed expire, those of one that lives are renewed. Two more sets tell which
 * processes wait for a place: since when, and until when they count. A hash tells what is wrong with a host.
 */
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/** Of `kept` milliseconds beyond its pause a trouble is remembered, so that the next failure makes a longer one. */
const trouble = `${now}
local kept = 3600000
local function doubled(first, longest, times) return math.min(longest, first * 2 ^ math.min(times, 30)) end
local was = redis.call('HMGET', KEYS[1], 'kind', 'at', 'pauses', 'since', 'until')
local function begin(kind, because, since, length)
  local same = was[1] == kind
  local last = math.max(same and tonumber(was[5]) or 0, now + math.ceil(length))
  redis.call('HSET', KEYS[1], 'kind', kind, 'because', because, 'at', now, 'until', last,
    'since', same and was[4] or since, 'pauses', (same and tonumber(was[3]) or 0) + 1)
  redis.call('HDEL', KEYS[1], 'probe', 'probeUntil')
  redis.call('PEXPIRE', KEYS[1], last - now + kept)
  redis.call('ZADD', KEYS[3], last + kept, ARGV[1])
end`

/**
 * KEYS: trouble, answered, troubled. ARGV: host, what is wrong, milliseconds since the request began, the first and
 * the longest pause.
 */
export const failedScript = `${trouble}
local began = now - tonumber(ARGV[3])
if was[2] and began <= tonumber(was[2]) then return 0 end
local pauses = was[1] == 'failed' and tonumber(was[3]) or 0
begin('failed', ARGV[2], began, doubled(tonumber(ARGV[4]), tonumber(ARGV[5]), pauses))
return 1`

/**
 * KEYS: trouble, answered, troubled. ARGV: host, what is wrong, milliseconds since the request began, the first and
 * the longest pause where none is named, the pause that is named or 0, milliseconds to remember that the host answers.
 */
export const pauseScript = `${trouble}
redis.call('SET', KEYS[2], '1', 'PX', ARGV[7])
local asked = tonumber(ARGV[6])
local same = was[1] == 'asked'
if same and now - tonumber(ARGV[3]) <= tonumber(was[2]) then
  local last = math.max(tonumber(was[5]), now + math.ceil(asked))
  redis.call('HSET', KEYS[1], 'until', last)
  redis.call('PEXPIRE', KEYS[1], last - now + kept)
  return 0
end
local least = doubled(tonumber(ARGV[4]), tonumber(ARGV[5]), same and tonumber(was[3]) or 0)
begin('asked', ARGV[2], now, (not same and asked > 0) and asked or math.max(asked, least))
return 1`

/**
 * KEYS: trouble, answered, troubled. ARGV: host, milliseconds to remember it. A pause that was asked for lasts all the
 * same.
 */
export const answeredScript = `${now}
redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
local was = redis.call('HMGET', KEYS[1], 'kind', 'until')
if was[1] and (was[1] == 'failed' or tonumber(was[2]) <= now) then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
end
return 1`

/** KEYS: trouble, answered. Returns whether it has answered, then how long its pause still lasts, since how long it is in trouble, why, and of which kind. */
export const stateScript = `${now}
local answered = redis.call('EXISTS', KEYS[2])
local is = redis.call('HMGET', KEYS[1], 'until', 'since', 'because', 'kind')
if not is[1] then return {answered} end
return {answered, is[1] - now, now - is[2], is[3], is[4]}`

/** KEYS: troubled. Returns the hosts that are in trouble. */
export const statesScript = `${now}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)`

/**
 * KEYS: permits, waiting since, waiting until, trouble, answered. ARGV: places at the host, lease of a permit and of a
 * waiter in milliseconds, milliseconds after which a waiter starves, process, permits that the process has, milliseconds
 * after which whoever does not probe may ask again, then the permits that it asks for, in order of their arrival.
 * Returns how many are granted. While the host is paused, also: how many milliseconds that still lasts, since how long
 * it is in trouble, why, whether it has answered before, and whether the permit that was granted probes.
 *
 * As long as others wait, a process has no more than its equal share, rounded up; and one place is left to the
 * process that waits longest once it starves. So a busy process does not take each place that it has just given back.
 */
export const enterScript = `
${now}
local lease = tonumber(ARGV[2])
local is = redis.call('HMGET', KEYS[4], 'until', 'since', 'because', 'probeUntil')
if is[1] then
  local left = math.max(0, is[1] - now)
  local told = {now - is[2], is[3], redis.call('EXISTS', KEYS[5])}
  if left > 0 or (is[4] and tonumber(is[4]) > now) then
    return {0, left > 0 and left or tonumber(ARGV[7]), told[1], told[2], told[3], 0}
  end
  redis.call('HSET', KEYS[4], 'probe', ARGV[8], 'probeUntil', now + lease)
  redis.call('ZADD', KEYS[1], now + lease, ARGV[8])
  redis.call('PEXPIRE', KEYS[1], lease)
  return {1, tonumber(ARGV[7]), told[1], told[2], told[3], 1}
end
local places, mine, process = tonumber(ARGV[1]), tonumber(ARGV[6]), ARGV[5]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('ZREM', KEYS[3], gone)
end
local since = redis.call('ZSCORE', KEYS[2], process)
local others = redis.call('ZCARD', KEYS[2]) - (since and 1 or 0)
local free = places - redis.call('ZCARD', KEYS[1])
if others > 0 then
  local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
  if first[1] ~= process and now - first[2] > tonumber(ARGV[4]) then free = free - 1 end
  free = math.min(free, math.ceil(places / (others + 1)) - mine)
end
local asked = #ARGV - 7
local granted = math.max(0, math.min(free, asked))
for i = 1, granted do redis.call('ZADD', KEYS[1], now + lease, ARGV[7 + i]) end
if granted > 0 then redis.call('PEXPIRE', KEYS[1], lease) end
if granted == asked then
  redis.call('ZREM', KEYS[2], process)
  redis.call('ZREM', KEYS[3], process)
else
  if granted > 0 or not since then redis.call('ZADD', KEYS[2], now, process) end
  redis.call('ZADD', KEYS[3], now + ARGV[3], process)
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
return {granted}`

/** KEYS: trouble. ARGV: a permit that is given back: if it was to find out, the next one may. */
export const unprobeScript = `
if redis.call('HGET', KEYS[1], 'probe') ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'probe', 'probeUntil')`

/**
 * KEYS: permits. ARGV: lease in milliseconds, then permits. Those that Redis has forgotten count again, since their
 * requests are under way.
 */
export const renewScript = `
${now}
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`
