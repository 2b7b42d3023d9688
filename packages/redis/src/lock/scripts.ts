import { livenessLua } from '../presence/scripts.js'
import { defineScript } from '../script.js'
import { parseRival } from './rival.js'

// The value of a lock is `<token> <since> [~<service> ]<owner>`: a unique token of 32 hex digits, the time in seconds
// since 1970 by Redis' clock, the id of the announced service that holds it, and the holder's name for people.

/**
 * Takes a lock. `ttl`, `expiry` and `grace` (of services) in milliseconds. Replies undefined when the lock is taken,
 * else the rival that holds it. A lock with the same token counts as free, since a client sends a command twice when
 * its connection breaks before the answer; so does a lock of a service that is gone.
 */
export const takeLock = defineScript('takeLock', {
  keys: ['lock', 'services', 'steady'],
  args: ['token', 'ttl', 'owner', 'expiry', 'grace'],
  lua: `${livenessLua}
local held = redis.call('GET', keys.lock)
if held and string.sub(held, 1, 32) ~= args.token then
  local service = string.match(held, '^%x+ %d+ ~(%x+) ')
  if not service or not isGone(keys.services, keys.steady, service, args.expiry, args.grace) then
    return {held, redis.call('PTTL', keys.lock)}
  end
end
local value = args.token .. ' ' .. redis.call('TIME')[1] .. ' ' .. args.owner
redis.call('SET', keys.lock, value, 'PX', args.ttl)
return false`,
  reply: parseRival,
})

/** Extends locks to `ttl` milliseconds. `rest`: the locks and their tokens. Replies for each whether it was extended. */
export const extendLocks = defineScript('extendLocks', {
  keys: [],
  args: ['ttl'],
  lua: `
local extended = {}
for i, key in ipairs(rest.keys) do
  local held = redis.call('GET', key)
  if held and string.sub(held, 1, 32) == rest.args[i] then
    extended[i] = redis.call('PEXPIRE', key, args.ttl)
  else
    extended[i] = 0
  end
end
return extended`,
  reply: (value) => (value as unknown[]).map((extended) => extended === 1),
})

/** Deletes a lock that has this token. */
export const dropLock = defineScript('dropLock', {
  keys: ['lock'],
  args: ['token'],
  lua: `
local held = redis.call('GET', keys.lock)
if held and string.sub(held, 1, 32) == args.token then return redis.call('DEL', keys.lock) end
return 0`,
  reply: () => undefined,
})
