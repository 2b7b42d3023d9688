import { defineScript } from '../script.js'

/**
 * Two keys decide which services are alive: a sorted set of services, scored by when each was last seen, in
 * milliseconds by Redis' clock; and a key that exists while any service is seen, with the time since when. After an
 * outage of Redis, or of all services, none counts as gone before they had the time to be seen again.
 */
export const livenessLua = `
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
 * Shows a service. `expiry`, `grace`, `kept` (how long it stays listed) and `still` (since when its main thread is
 * blocked) in milliseconds; `about`: JSON about the service; `active`: its jobs.
 */
export const beat = defineScript('beat', {
  keys: ['services', 'steady', 'entry'],
  args: ['id', 'expiry', 'grace', 'kept', 'about', 'active', 'still'],
  lua: `${livenessLua}
local now = clock()
redis.call('ZADD', keys.services, now, args.id)
redis.call('ZREMRANGEBYSCORE', keys.services, '-inf', now - args.kept)
if redis.call('PEXPIRE', keys.steady, args.expiry - args.grace) == 0 then
  redis.call('SET', keys.steady, string.format('%d', now), 'PX', args.expiry - args.grace)
end
redis.call('HSETNX', keys.entry, 'started', string.format('%d', now))
redis.call('HSET', keys.entry, 'about', args.about, 'active', args.active, 'still', args.still)
redis.call('PEXPIRE', keys.entry, args.kept)
return now`,
  reply: () => undefined,
})

export const leave = defineScript('leave', {
  keys: ['services', 'entry'],
  args: ['id'],
  lua: `
redis.call('ZREM', keys.services, args.id)
return redis.call('DEL', keys.entry)`,
  reply: () => undefined,
})

/** `rest`: ids of services. Replies those that are gone. */
export const goneOf = defineScript('goneOf', {
  keys: ['services', 'steady'],
  args: ['expiry', 'grace'],
  lua: `${livenessLua}
local gone = {}
for _, id in ipairs(rest.args) do
  if isGone(keys.services, keys.steady, id, args.expiry, args.grace) then table.insert(gone, id) end
end
return gone`,
  reply: (value) => value as string[],
})

/** Replies the time, and when each service was last seen, by its id. */
export const listServices = defineScript('listServices', {
  keys: ['services'],
  args: ['limit'],
  lua: `${livenessLua}
return {clock(), redis.call('ZRANGE', keys.services, 0, args.limit - 1, 'WITHSCORES')}`,
  reply: (value) => {
    const [now, flat] = value as [number, string[]]
    const seen = new Map<string, number>()
    for (let i = 0; i < flat.length; i += 2) seen.set(flat[i] ?? '', Number(flat[i + 1]))
    return { now, seen }
  },
})
