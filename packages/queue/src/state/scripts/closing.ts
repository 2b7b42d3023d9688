import { defineScript } from '@dist/redis'

/**
 * Adds what a run has pruned: lists in JSON. `done` ends its closing. Nothing is added once it has ended: another coordinator
 * has been faster.
 */
export const recordPruned = defineScript('recordPruned', {
  keys: ['run', 'pruned', 'closing'],
  args: ['names', 'failed', 'remarks', 'done'],
  lua: `
if redis.call('HGET', keys.run, 'closing') ~= 'wanted' then return 0 end
for _, list in ipairs(rest.args) do redis.call('RPUSH', keys.pruned, list) end
redis.call('HINCRBY', keys.run, 'pruned', args.names)
redis.call('HINCRBY', keys.run, 'pruned:failed', args.failed)
if args.remarks ~= '[]' then redis.call('HSET', keys.run, 'remarks', args.remarks) end
if args.done == '1' then
  redis.call('HSET', keys.run, 'closing', 'done')
  redis.call('DEL', keys.closing)
end
return 1`,
  reply: () => undefined,
})
