import { defineScript } from '../script.js'

// The rate of one class of requests to a host is a hash. `state`: as JSON, what `AdaptiveRate` has learned; `rate`: requests
// per second of it; `next`: when the next request may begin; `turns`, `turnsSince`, `before`: permits of this window, its
// start, and permits per second of the last one; `tickAt`: when the rate was last to be raised; `waitedAt`: when a request
// last had to wait for it. Times are milliseconds by Redis' clock. An unused rate expires.

export const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/**
 * Lua for `requestPermits`: `interval`, the distance of requests, 0 when they are not paced; `turns`, how many may begin soon;
 * `paced(granted, waits)`, which records them and makes the reply. Unused time is made up for during `credit` milliseconds.
 */
export const pace = `
local credit = 100
local is = redis.call('HMGET', keys.pace, 'rate', 'next', 'tickAt', 'waitedAt', 'state', 'turns', 'turnsSince')
local own = is[1] and 1000 / is[1] or 0
local whole = tonumber(args.most) > 0 and 1000 / args.most or 0
local interval = math.max(own, whole)
local turns, first, horizon = asked, now, 0
if interval > 0 then
  first = math.max(now - credit, own > 0 and tonumber(is[2] or 0) or 0,
    whole > 0 and tonumber(redis.call('GET', keys.next) or 0) or 0)
  local batch = math.max(1, math.floor(slots / 2))
  horizon = math.min(100, batch * interval)
  turns = first > now + horizon and 0 or math.floor((now + horizon - first) / interval) + 1
  turns = math.min(turns, math.ceil(batch / (others + 1)))
end
local function paced(granted, waits)
  local state = ''
  if own > 0 then
    redis.call('HSET', keys.pace, 'next', string.format('%.3f', first + granted * own))
    local count, from = tonumber(is[6] or 0), tonumber(is[7] or now)
    if now - from >= 2000 then
      redis.call('HSET', keys.pace, 'before', count * 1000 / (now - from))
      count, from = 0, now
    end
    redis.call('HSET', keys.pace, 'turns', count + granted, 'turnsSince', from)
    if waits then redis.call('HSET', keys.pace, 'waitedAt', now) end
    local ticked = tonumber(is[3] or 0)
    if now - ticked >= 1000 then
      redis.call('HSET', keys.pace, 'tickAt', now)
      if waits or tonumber(is[4] or 0) > ticked then state = is[5] end
    end
  end
  if whole > 0 then redis.call('SET', keys.next, string.format('%.3f', first + granted * whole), 'PX', 600000) end
  -- Half of the horizon, so that the next command is for several requests again.
  local wait = math.max(0, first + granted * interval - now - horizon / 2)
  return {granted, 'paced', tostring(first - now), tostring(interval), math.ceil(wait), now, state}
end`

/** What is known of a rate when a request is refused. The refused one does not count as a use of it. */
export const readRate = defineScript('readRate', {
  keys: ['pace'],
  args: [],
  lua: `${now}
local is = redis.call('HMGET', keys.pace, 'state', 'turns', 'turnsSince', 'before')
if not is[1] then return {now, '', ''} end
local count, from = tonumber(is[2] or 0), tonumber(is[3] or now)
redis.call('HSET', keys.pace, 'turns', math.max(0, count - 1))
if now - from >= 1000 then return {now, is[1], tostring(count * 1000 / (now - from))} end
return {now, is[1], is[4] or ''}`,
  reply: (value) => {
    const [at, state, throughput] = value as unknown[]
    return {
      now: Number(at),
      state: String(state),
      throughput: throughput === '' ? undefined : Number(throughput),
    }
  },
})

/**
 * Replaces a rate, unless another process has replaced the one that was read. `read`, `state`: JSON, `read` empty for none;
 * `rate`: requests per second; `hold`: milliseconds without requests from now; `kept`: how long it is known.
 */
export const changeRate = defineScript('changeRate', {
  keys: ['pace', 'paces'],
  args: ['name', 'read', 'state', 'rate', 'hold', 'kept'],
  lua: `${now}
local is = redis.call('HMGET', keys.pace, 'state', 'next')
if (is[1] or '') ~= args.read then return 0 end
if not is[1] then redis.call('HSET', keys.pace, 'tickAt', now, 'turns', 0, 'turnsSince', now) end
redis.call('HSET', keys.pace, 'state', args.state, 'rate', args.rate)
if tonumber(args.hold) > 0 then
  redis.call('HSET', keys.pace, 'next', math.max(tonumber(is[2] or 0), now + args.hold))
end
redis.call('PEXPIRE', keys.pace, args.kept)
redis.call('ZADD', keys.paces, now + args.kept, args.name)
redis.call('ZREMRANGEBYSCORE', keys.paces, '-inf', now)
redis.call('PEXPIRE', keys.paces, args.kept)
return 1`,
  reply: () => undefined,
})

/** The names of the rates that are known. */
export const listRates = defineScript('listRates', {
  keys: ['paces'],
  args: [],
  lua: `${now}
return redis.call('ZRANGEBYSCORE', keys.paces, '(' .. now, '+inf')`,
  reply: (value) => value as string[],
})
