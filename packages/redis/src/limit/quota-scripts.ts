import { defineScript } from '../script.js'
import { now } from './pace.js'

// The quota of a host and of whom it belongs to is a hash. `remaining`, less the pulls admitted since, `limit`, `window`;
// `seenAt`: when the host last told it; `admittedAt`: when a pull last was; `askedAt`: when a question was last allowed;
// `triedAt`: when work that waits was last let through; `asksAt`: when the host is asked for pulls that wait; `waitsUntil`: until
// when they are known to wait; `mayAsk`, `mayTry`: a question, or a try, is allowed early. Times are milliseconds by Redis' clock.
// A quota of a day ago says nothing.

const kept = 24 * 60 * 60 * 1000
/** Milliseconds in which answers may not count pulls that were admitted later: the lower number holds. */
const settles = 5_000

/** Lua: what is left, and when the host may be asked or tried again by the field that says when it was. */
const rest = (field: 'askedAt' | 'triedAt', early: 'mayAsk' | 'mayTry') => `${now}
local is = redis.call('HMGET', keys.quota, 'remaining', 'seenAt', '${field}', 'limit', '${early}')
local remaining = tonumber(is[1] or 0)
local left = is[5] and 0 or math.max(tonumber(is[2] or 0), tonumber(is[3] or 0)) + args.interval - now`

/** Takes a pull, if more than `reserve` are left; else allows a question once in `interval` milliseconds. */
export const takePull = defineScript('takePull', {
  keys: ['quota'],
  args: ['reserve', 'interval'],
  lua: `${rest('askedAt', 'mayAsk')}
if not is[1] then return {'pull'} end
if remaining > tonumber(args.reserve) then
  redis.call('HSET', keys.quota, 'remaining', remaining - 1, 'admittedAt', now)
  return {'pull'}
end
if left <= 0 then
  redis.call('HSET', keys.quota, 'askedAt', now)
  redis.call('HDEL', keys.quota, 'mayAsk')
  return {'ask'}
end
redis.call('HSET', keys.quota, 'asksAt', now + left, 'waitsUntil', now + 3 * args.interval)
return {'wait', left, remaining, is[4]}`,
  reply: (value) => {
    const [verdict, wait, remaining, limit] = value as unknown[]
    return {
      verdict: verdict as 'pull' | 'ask' | 'wait',
      wait: Number(wait),
      remaining: Number(remaining),
      limit: numberOf(limit),
    }
  },
})

/** The turn of work that needs a pull: one is let through in `interval` milliseconds while no more than `reserve` are left. */
export const takeTurn = defineScript('takeTurn', {
  keys: ['quota'],
  args: ['reserve', 'interval'],
  lua: `${rest('triedAt', 'mayTry')}
if not is[1] or remaining > tonumber(args.reserve) then return 'open' end
if left > 0 then return left end
redis.call('HSET', keys.quota, 'triedAt', now)
redis.call('HDEL', keys.quota, 'mayTry')
return 'try'`,
  reply: (value): 'open' | 'try' | number => (value === 'open' || value === 'try' ? value : Number(value)),
})

/** Records what the host has told. Empty: it did not tell that. More than `reserve`: no pull waits any more. */
export const recordQuota = defineScript('recordQuota', {
  keys: ['quota', 'quotas'],
  args: ['name', 'remaining', 'limit', 'window', 'reserve'],
  lua: `${now}
local is = redis.call('HMGET', keys.quota, 'remaining', 'admittedAt', 'askedAt')
local remaining, admitted = tonumber(args.remaining), tonumber(is[2] or 0)
if is[1] and now - admitted <= ${settles} and tonumber(is[3] or 0) <= admitted then
  remaining = math.min(remaining, tonumber(is[1]))
end
redis.call('HSET', keys.quota, 'remaining', remaining, 'limit', args.limit, 'window', args.window, 'seenAt', now)
if remaining > tonumber(args.reserve) then redis.call('HDEL', keys.quota, 'asksAt', 'waitsUntil', 'mayAsk', 'mayTry') end
redis.call('PEXPIRE', keys.quota, ${kept})
redis.call('ZADD', keys.quotas, now + ${kept}, args.name)
redis.call('ZREMRANGEBYSCORE', keys.quotas, '-inf', now)
redis.call('PEXPIRE', keys.quotas, ${kept})
return 1`,
  reply: () => undefined,
})

/** Allows a question before its time, if pulls wait. */
export const hurryQuota = defineScript('hurryQuota', {
  keys: ['quota'],
  args: [],
  lua: `${now}
if tonumber(redis.call('HGET', keys.quota, 'waitsUntil') or 0) <= now then return 0 end
redis.call('HSET', keys.quota, 'mayAsk', 1, 'mayTry', 1, 'asksAt', now)
return 1`,
  reply: (value) => value === 1,
})

/** What is known. Durations in milliseconds, so that clocks need not agree. */
export interface QuotaFields {
  /** Undefined: nothing is known. */
  readonly remaining: number | undefined
  readonly limit: number | undefined
  readonly window: number | undefined
  readonly seenAgo: number
  /** Undefined: no pull waits. */
  readonly asksIn: number | undefined
}

export const readQuota = defineScript('readQuota', {
  keys: ['quota'],
  args: [],
  lua: `${now}
local is = redis.call('HMGET', keys.quota, 'remaining', 'limit', 'window', 'seenAt', 'asksAt', 'waitsUntil')
local waits = tonumber(is[6] or 0) > now
return {is[1] or '', is[2] or '', is[3] or '', now - (is[4] or 0), waits and is[5] - now or ''}`,
  reply: (value): QuotaFields => {
    const [remaining, limit, window, seenAgo, asksIn] = value as unknown[]
    return {
      remaining: numberOf(remaining),
      limit: numberOf(limit),
      window: numberOf(window),
      seenAgo: Number(seenAgo),
      asksIn: numberOf(asksIn),
    }
  },
})

/** The names of the quotas that are known. */
export const listQuotas = defineScript('listQuotas', {
  keys: ['quotas'],
  args: [],
  lua: `${now}
return redis.call('ZRANGEBYSCORE', keys.quotas, '(' .. now, '+inf')`,
  reply: (value) => value as string[],
})

function numberOf(value: unknown): number | undefined {
  return value === undefined || value === null || value === '' ? undefined : Number(value)
}
