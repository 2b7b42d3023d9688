import { defineScript } from '@dist/redis'

/**
 * Adds a failed try of an image: a line of JSON. `most`: lines of an image; `images`: of a run; `kept`: milliseconds. Nothing for
 * a run that is removed.
 */
export const recordTry = defineScript('recordTry', {
  keys: ['run', 'tries'],
  args: ['index', 'line', 'most', 'images', 'kept'],
  lua: `
if redis.call('EXISTS', keys.run) == 0 then return 0 end
local lines = redis.call('HGET', keys.tries, args.index)
if not lines then
  if redis.call('HLEN', keys.tries) >= tonumber(args.images) then return 0 end
  lines = args.line
else
  local _, breaks = string.gsub(lines, '\\n', '')
  if breaks + 1 >= tonumber(args.most) then lines = string.match(lines, '\\n(.*)$') or '' end
  lines = lines .. '\\n' .. args.line
end
redis.call('HSET', keys.tries, args.index, lines)
return redis.call('PEXPIRE', keys.tries, args.kept)`,
  reply: () => undefined,
})
