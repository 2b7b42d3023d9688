import { defineScript } from '@dist/redis'

/** Adds what a run has pruned: lists in JSON. Nothing is added once its closing has ended: another coordinator was faster. */
export const recordPruned = defineScript('recordPruned', {
  keys: ['run', 'pruned'],
  args: ['names', 'failed'],
  lua: `
if redis.call('HGET', keys.run, 'closing') ~= 'wanted' then return 0 end
for _, list in ipairs(rest.args) do redis.call('RPUSH', keys.pruned, list) end
redis.call('HINCRBY', keys.run, 'pruned', args.names)
redis.call('HINCRBY', keys.run, 'pruned:failed', args.failed)
return 1`,
  reply: () => undefined,
})

/** Records that nothing is left to do for a run but to end it. `remarks`: JSON. */
export const endClosing = defineScript('endClosing', {
  keys: ['run', 'closing'],
  args: ['remarks'],
  lua: `
if redis.call('HGET', keys.run, 'closing') ~= 'wanted' then return 0 end
redis.call('HSET', keys.run, 'closing', 'done', 'remarks', args.remarks)
return redis.call('DEL', keys.closing)`,
  reply: () => undefined,
})
