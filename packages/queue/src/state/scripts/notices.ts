import { defineScript } from '@dist/redis'

/** Adds what could not be delivered to the head of a run: JSON, at most `most` of it. Nothing for a run that is removed. */
export const recordUndelivered = defineScript('recordUndelivered', {
  keys: ['run'],
  args: ['notice', 'most'],
  lua: `
if redis.call('EXISTS', keys.run) == 0 then return 0 end
local list = cjson.decode(redis.call('HGET', keys.run, 'undelivered') or '[]')
if #list >= tonumber(args.most) then return 0 end
table.insert(list, cjson.decode(args.notice))
return redis.call('HSET', keys.run, 'undelivered', cjson.encode(list))`,
  reply: () => undefined,
})
