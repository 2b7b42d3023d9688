import { aliveLua } from '../presence/scripts.js'

/**
 * The value of a lock is `<token> <since> [~<service> ]<owner>`: a token of 32 hex digits that nobody else has, the time
 * in seconds since 1970 by Redis' clock, the id of the service that has it, if one has announced itself, and who holds
 * it, for people.
 */

/**
 * KEYS: the lock, services, steady. ARGV: token, TTL in milliseconds, owner, expiry and grace of services. Nothing when
 * the lock is taken, else the other's value and the milliseconds it has left. One's own token is no rival: the question
 * may be sent twice when the connection breaks before its answer. Neither is a service that is gone.
 */
export const takeScript = `${aliveLua}
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 32) ~= ARGV[1] then
  local service = string.match(held, '^%x+ %d+ ~(%x+) ')
  if not service or not isGone(KEYS[2], KEYS[3], service, ARGV[4], ARGV[5]) then
    return {held, redis.call('PTTL', KEYS[1])}
  end
end
local value = ARGV[1] .. ' ' .. redis.call('TIME')[1] .. ' ' .. ARGV[3]
redis.call('SET', KEYS[1], value, 'PX', ARGV[2])
return false`

/** KEYS: locks. ARGV: TTL in milliseconds, then the token of each. For each, 1 when it was extended. */
export const extendScript = `
local extended = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  if held and string.sub(held, 1, 32) == ARGV[i + 1] then
    extended[i] = redis.call('PEXPIRE', key, ARGV[1])
  else
    extended[i] = 0
  end
end
return extended`

/** KEYS: a lock. ARGV: its token. */
export const dropScript = `
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 32) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`
