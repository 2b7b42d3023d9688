import { defineScript } from '../script.js'

/** `ttl` in milliseconds. The score of a worker is when its snapshot expires. */
export const putSnapshot = defineScript('putSnapshot', {
  keys: ['snapshot', 'workers'],
  args: ['id', 'ttl', 'snapshot'],
  lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', keys.snapshot, args.snapshot, 'PX', args.ttl)
redis.call('ZREMRANGEBYSCORE', keys.workers, '-inf', now)
return redis.call('ZADD', keys.workers, now + args.ttl, args.id)`,
  reply: () => undefined,
})

export const dropSnapshot = defineScript('dropSnapshot', {
  keys: ['snapshot', 'workers'],
  args: ['id'],
  lua: `
redis.call('DEL', keys.snapshot)
return redis.call('ZREM', keys.workers, args.id)`,
  reply: () => undefined,
})
