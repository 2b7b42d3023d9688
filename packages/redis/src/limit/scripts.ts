import { defineScript } from '../script.js'
import { now, pace } from './pace.js'

// A permit is a member of a sorted set for its host and lane, scored by when it expires, in milliseconds by Redis'
// clock. Permits of a killed process expire; those of a living one are renewed. Two more sets hold the processes that
// wait for a slot: since when, and until when they count. A hash has the trouble of a host.

/** A trouble is kept for `kept` milliseconds after its pause, so that the next failure causes a longer one. */
const trouble = `${now}
local kept = 3600000
local function doubled(first, longest, times) return math.min(longest, first * 2 ^ math.min(times, 30)) end
local was = redis.call('HMGET', keys.trouble, 'kind', 'at', 'pauses', 'since', 'until')
local function begin(kind, because, since, length)
  local same = was[1] == kind
  local last = math.max(same and tonumber(was[5]) or 0, now + math.ceil(length))
  redis.call('HSET', keys.trouble, 'kind', kind, 'because', because, 'at', now, 'until', last,
    'since', same and was[4] or since, 'pauses', (same and tonumber(was[3]) or 0) + 1)
  redis.call('HDEL', keys.trouble, 'probe', 'probeUntil')
  redis.call('PEXPIRE', keys.trouble, last - now + kept)
  redis.call('ZADD', keys.troubled, last + kept, args.host)
end`

const troubleKeys = ['trouble', 'answered', 'troubled'] as const

/** A request failed that began `after` milliseconds ago. `first`, `longest`: bounds of the pause. */
export const reportFailure = defineScript('reportFailure', {
  keys: troubleKeys,
  args: ['host', 'because', 'after', 'first', 'longest'],
  lua: `${trouble}
local began = now - tonumber(args.after)
if was[2] and began <= tonumber(was[2]) then return 0 end
local pauses = was[1] == 'failed' and tonumber(was[3]) or 0
begin('failed', args.because, began, doubled(tonumber(args.first), tonumber(args.longest), pauses))
return 1`,
  reply: () => undefined,
})

/**
 * The host asked for a pause of `asked` milliseconds, or 0 for a pause without a length. `first`, `longest`: bounds of
 * the pause in the second case. `kept`: how long it is known that the host answers.
 */
export const reportPause = defineScript('reportPause', {
  keys: troubleKeys,
  args: ['host', 'because', 'after', 'first', 'longest', 'asked', 'kept'],
  lua: `${trouble}
redis.call('SET', keys.answered, '1', 'PX', args.kept)
local asked = tonumber(args.asked)
local same = was[1] == 'asked'
if same and now - tonumber(args.after) <= tonumber(was[2]) then
  local last = math.max(tonumber(was[5]), now + math.ceil(asked))
  redis.call('HSET', keys.trouble, 'until', last)
  redis.call('PEXPIRE', keys.trouble, last - now + kept)
  return 0
end
local least = doubled(tonumber(args.first), tonumber(args.longest), same and tonumber(was[3]) or 0)
begin('asked', args.because, now, (not same and asked > 0) and asked or math.max(asked, least))
return 1`,
  reply: () => undefined,
})

/** The host answered. Ends its trouble, but not a pause that it asked for. `kept` as above. */
export const reportAnswer = defineScript('reportAnswer', {
  keys: troubleKeys,
  args: ['host', 'kept'],
  lua: `${now}
redis.call('SET', keys.answered, '1', 'PX', args.kept)
local was = redis.call('HMGET', keys.trouble, 'kind', 'until')
if was[1] and (was[1] == 'failed' or tonumber(was[2]) <= now) then
  redis.call('DEL', keys.trouble)
  redis.call('ZREM', keys.troubled, args.host)
end
return 1`,
  reply: () => undefined,
})

/** Ends a pause now: the next request probes. Replies whether the host was paused. */
export const endPause = defineScript('endPause', {
  keys: ['trouble'],
  args: [],
  lua: `${now}
local last = redis.call('HGET', keys.trouble, 'until')
if not last or tonumber(last) <= now then return 0 end
redis.call('HSET', keys.trouble, 'until', now)
return 1`,
  reply: (value) => value === 1,
})

/** The trouble of a host. Durations in milliseconds, so that clocks need not agree. */
export const readTrouble = defineScript('readTrouble', {
  keys: ['trouble', 'answered'],
  args: [],
  lua: `${now}
local answered = redis.call('EXISTS', keys.answered)
local is = redis.call('HMGET', keys.trouble, 'until', 'since', 'because', 'kind')
if not is[1] then return {answered} end
return {answered, is[1] - now, now - is[2], is[3], is[4]}`,
  reply: (value) => {
    const [answered, leftMs, agoMs, because, kind] = value as unknown[]
    const trouble =
      leftMs == null
        ? undefined
        : { leftMs: Number(leftMs), agoMs: Number(agoMs), because: String(because), asks: kind === 'asked' }
    return { answered: Number(answered) === 1, trouble }
  },
})

/** The hosts in trouble. */
export const listTroubled = defineScript('listTroubled', {
  keys: ['troubled'],
  args: [],
  lua: `${now}
redis.call('ZREMRANGEBYSCORE', keys.troubled, '-inf', now)
return redis.call('ZRANGE', keys.troubled, 0, -1)`,
  reply: (value) => value as string[],
})

/**
 * Asks for permits. `slots`: of the host; `lease`, `waiterLease`: how long permits and waiting processes count;
 * `starving`: how long a process waits before it gets a reserved slot; `process`: this one; `held`: its permits;
 * `firstProbe`: how long the others wait for the result of a probe; all in milliseconds. `most`: requests per second of the
 * whole host, 0 for any number. `rest`: ids of the permits, in order of arrival. Replies how many are granted; while the host
 * is paused also its trouble and whether the first permit is a probe; while its requests are paced also their times.
 *
 * While others wait, a process has no more than its equal share, rounded up; and one slot is left to the process that
 * has waited longest once it starves. So a busy process does not take each slot that it has just given back.
 *
 * Paced permits are for times up to `horizon` milliseconds ahead: a process asks once for several requests, and the
 * requests of all processes keep their distance.
 */
export const requestPermits = defineScript('requestPermits', {
  keys: ['permits', 'waitingSince', 'waitingUntil', 'trouble', 'answered', 'pace', 'next'],
  args: ['slots', 'lease', 'waiterLease', 'starving', 'process', 'held', 'firstProbe', 'most'],
  lua: `${now}
local lease = tonumber(args.lease)
local is = redis.call('HMGET', keys.trouble, 'until', 'since', 'because', 'probeUntil')
if is[1] then
  local left = math.max(0, is[1] - now)
  local ago, because, answered = now - is[2], is[3], redis.call('EXISTS', keys.answered)
  if left > 0 or (is[4] and tonumber(is[4]) > now) then
    return {0, 'trouble', left > 0 and left or tonumber(args.firstProbe), ago, because, answered, 0}
  end
  redis.call('HSET', keys.trouble, 'probe', rest.args[1], 'probeUntil', now + lease)
  redis.call('ZADD', keys.permits, now + lease, rest.args[1])
  redis.call('PEXPIRE', keys.permits, lease)
  return {1, 'trouble', tonumber(args.firstProbe), ago, because, answered, 1}
end
local slots, held, process = tonumber(args.slots), tonumber(args.held), args.process
redis.call('ZREMRANGEBYSCORE', keys.permits, '-inf', now)
local since, others = nil, 0
if redis.call('EXISTS', keys.waitingSince) == 1 then
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', keys.waitingUntil, '-inf', now)) do
    redis.call('ZREM', keys.waitingSince, gone)
    redis.call('ZREM', keys.waitingUntil, gone)
  end
  since = redis.call('ZSCORE', keys.waitingSince, process)
  others = redis.call('ZCARD', keys.waitingSince) - (since and 1 or 0)
end
local free = slots - redis.call('ZCARD', keys.permits)
if others > 0 then
  local first = redis.call('ZRANGE', keys.waitingSince, 0, 0, 'WITHSCORES')
  if first[1] ~= process and now - first[2] > tonumber(args.starving) then free = free - 1 end
  free = math.min(free, math.ceil(slots / (others + 1)) - held)
end
local asked = #rest.args
${pace}
local granted = math.max(0, math.min(free, asked, turns))
for i = 1, granted do redis.call('ZADD', keys.permits, now + lease, rest.args[i]) end
if granted > 0 then redis.call('PEXPIRE', keys.permits, lease) end
if granted == asked then
  if since then
    redis.call('ZREM', keys.waitingSince, process)
    redis.call('ZREM', keys.waitingUntil, process)
  end
else
  if granted > 0 or not since then redis.call('ZADD', keys.waitingSince, now, process) end
  redis.call('ZADD', keys.waitingUntil, now + args.waiterLease, process)
  redis.call('PEXPIRE', keys.waitingSince, args.waiterLease)
  redis.call('PEXPIRE', keys.waitingUntil, args.waiterLease)
end
if interval > 0 then return paced(granted, turns < math.min(free, asked)) end
return {granted}`,
  reply: (value) => {
    const [granted, kind, ...rest] = value as unknown[]
    const reply = { granted: Number(granted), probes: false, trouble: undefined, turns: undefined }
    if (kind === 'trouble') return { ...reply, ...troubleOf(rest) }
    return kind === 'paced' ? { ...reply, turns: turnsOf(rest) } : reply
  },
})

function troubleOf([leftMs, agoMs, because, answered, probes]: readonly unknown[]) {
  const trouble = {
    because: String(because),
    left: Number(leftMs),
    since: Date.now() - Number(agoMs),
    answered: Number(answered) === 1,
  }
  return { probes: Number(probes) === 1, trouble }
}

/** The times of paced permits, in milliseconds from now. */
export interface Turns {
  /** Of the first permit, and between two. */
  readonly first: number
  readonly interval: number
  /** When it is worth while to ask for more. */
  readonly wait: number
  /** Set once a second for one process, while requests wait for the rate: it is to raise the rate that it has read. */
  readonly grows: { readonly now: number; readonly state: string } | undefined
}

function turnsOf([first, interval, wait, now, state]: readonly unknown[]): Turns {
  const grows = state === '' ? undefined : { now: Number(now), state: String(state) }
  return { first: Number(first), interval: Number(interval), wait: Number(wait), grows }
}

/** Lets another permit probe, if this one was the probe. */
export const cancelProbe = defineScript('cancelProbe', {
  keys: ['trouble'],
  args: ['permit'],
  lua: `
if redis.call('HGET', keys.trouble, 'probe') ~= args.permit then return 0 end
return redis.call('HDEL', keys.trouble, 'probe', 'probeUntil')`,
  reply: () => undefined,
})

/** Extends permits, also those that Redis has lost: their requests are under way. `rest`: ids of the permits. */
export const renewPermits = defineScript('renewPermits', {
  keys: ['permits'],
  args: ['lease'],
  lua: `${now}
for _, permit in ipairs(rest.args) do redis.call('ZADD', keys.permits, now + args.lease, permit) end
return redis.call('PEXPIRE', keys.permits, args.lease)`,
  reply: () => undefined,
})
