/**
 * A permit is a member of a sorted set for its host; its score is when it expires, in milliseconds by Redis' clock.
 * Those of a process that was killed expire, those of one that lives are renewed. Two more sets tell which processes
 * wait for a place: since when, and until when they count. A key that lives as long as a pause says that there is one.
 */
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/**
 * KEYS: permits, waiting since, waiting until, pause. ARGV: places at the host, lease of a permit and of a waiter in
 * milliseconds, milliseconds after which a waiter starves, process, permits that the process has, then the permits
 * that it asks for, in order of their arrival.
 * Returns how many are granted, and how many milliseconds a pause still lasts.
 *
 * As long as others wait, a process has no more than its equal share, rounded up; and one place is left to the
 * process that waits longest once it starves. So a busy process does not take each place that it has just given back.
 */
export const enterScript = `
local pause = redis.call('PTTL', KEYS[4])
if pause > 0 then return {0, pause} end
${now}
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
local asked = #ARGV - 6
local granted = math.max(0, math.min(free, asked))
for i = 1, granted do redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[6 + i]) end
if granted > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if granted == asked then
  redis.call('ZREM', KEYS[2], process)
  redis.call('ZREM', KEYS[3], process)
else
  if granted > 0 or not since then redis.call('ZADD', KEYS[2], now, process) end
  redis.call('ZADD', KEYS[3], now + ARGV[3], process)
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
return {granted, 0}`

/**
 * KEYS: permits. ARGV: lease in milliseconds, then permits. Those that Redis has forgotten count again, since their
 * requests are under way.
 */
export const renewScript = `
${now}
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`

/** KEYS: pause. ARGV: milliseconds. A pause never gets shorter. */
export const pauseScript = `
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return redis.call('PTTL', KEYS[1])`
