/**
 * Two things tell who lives: a sorted set of services, each with when it was last seen, in milliseconds by Redis'
 * clock; and a key that is there, and tells since when, as long as anybody is seen. After Redis was away, or all
 * services stood still, nobody counts as gone before the living had the time to be seen again.
 */
export const aliveLua = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function isGone(services, steady, id, expiry, grace)
  local now, since = clock(), redis.call('GET', steady)
  if not since or now - since < tonumber(grace) then return false end
  local seen = redis.call('ZSCORE', services, id)
  return not seen or now - seen > tonumber(expiry)
end
`

/**
 * KEYS: services, steady, the service. ARGV: its id, expiry, grace and how long it is remembered in milliseconds, what
 * it is, its jobs, for how many milliseconds its main thread has stood still. Answers when it was seen.
 */
export const beatScript = `${aliveLua}
local now = clock()
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])
if redis.call('PEXPIRE', KEYS[2], ARGV[2] - ARGV[3]) == 0 then
  redis.call('SET', KEYS[2], string.format('%d', now), 'PX', ARGV[2] - ARGV[3])
end
redis.call('HSETNX', KEYS[3], 'started', string.format('%d', now))
redis.call('HSET', KEYS[3], 'about', ARGV[5], 'active', ARGV[6], 'still', ARGV[7])
redis.call('PEXPIRE', KEYS[3], ARGV[4])
return now`

/** KEYS: services, the service. ARGV: its id. */
export const leaveScript = `
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[2])`

/** KEYS: services, steady. ARGV: expiry, grace, then ids. Those of them that are gone. */
export const goneScript = `${aliveLua}
local gone = {}
for i = 3, #ARGV do
  if isGone(KEYS[1], KEYS[2], ARGV[i], ARGV[1], ARGV[2]) then table.insert(gone, ARGV[i]) end
end
return gone`

/** KEYS: services. ARGV: how many. Now, then id and when it was last seen of each. */
export const listScript = `${aliveLua}
return {clock(), redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1, 'WITHSCORES')}`
