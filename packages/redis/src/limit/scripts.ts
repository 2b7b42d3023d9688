/**
 * A permit is a member of a sorted set for its host; its score is when it expires, in milliseconds by Redis' clock.
 * Those of a process that was killed expire, those of one that lives are renewed. A second set tells which processes
 * wait for a place, and a key that lives as long as a pause says that there is one.
 */
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/**
 * KEYS: permits, waiting, pause. ARGV: places at the host, lease and patience of a waiter in milliseconds, process,
 * permits that the process has, then the permits that it asks for, in order of their arrival.
 * Returns how many are granted, and how many milliseconds a pause still lasts.
 *
 * As long as others wait, a process gets no more than its equal share, so that a busy one does not take each place
 * that it has just given back.
 */
export const enterScript = `
local pause = redis.call('PTTL', KEYS[3])
if pause > 0 then return {0, pause} end
${now}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZREM', KEYS[2], ARGV[4])
local places = tonumber(ARGV[1])
local free = places - redis.call('ZCARD', KEYS[1])
local others = redis.call('ZCARD', KEYS[2])
if others > 0 then
  local share = math.max(1, math.floor(places / (others + 1)))
  free = math.min(free, share - tonumber(ARGV[5]))
end
local asked = #ARGV - 5
local granted = math.max(0, math.min(free, asked))
for i = 1, granted do redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[5 + i]) end
if granted > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if granted < asked then
  redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
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
