import { defineScript } from '../script.js'

/** Steps of a minute for an hour, and of a quarter of an hour for a day. Keys expire a step after they are read last. */
export const series = [
  { name: 'minute', seconds: 60, steps: 60 },
  { name: 'quarter', seconds: 900, steps: 96 },
] as const

const lists = series.map(({ name, seconds, steps }) => `{'${name}', ${seconds}, ${steps}}`).join(', ')

/** `base` is the beginning of the keys: which one it is depends on the clock of Redis. */
export const addMoved = defineScript('addMoved', {
  keys: ['base'],
  args: ['bytes', 'images', 'failed'],
  lua: `
local now = tonumber(redis.call('TIME')[1])
for _, list in ipairs({${lists}}) do
  local key = keys.base .. ':' .. list[1] .. ':' .. math.floor(now / list[2])
  for field, count in pairs(args) do
    if tonumber(count) > 0 then redis.call('HINCRBY', key, field, count) end
  end
  redis.call('EXPIRE', key, list[2] * (list[3] + 1))
end`,
  reply: () => undefined,
})

/** The number of the last step of a list, and the counts of its steps, the oldest first. */
type Row = readonly [last: number, ...counts: (readonly [string | null, string | null, string | null])[]]

/** Resolves to the seconds of the clock of Redis, and a row for each list. */
export const readMoved = defineScript('readMoved', {
  keys: ['base'],
  args: [],
  lua: `
local now = tonumber(redis.call('TIME')[1])
local rows = {}
for i, list in ipairs({${lists}}) do
  local last = math.floor(now / list[2])
  rows[i] = {last}
  for step = last - list[3] + 1, last do
    local key = keys.base .. ':' .. list[1] .. ':' .. step
    table.insert(rows[i], redis.call('HMGET', key, 'bytes', 'images', 'failed'))
  end
end
return {now, rows}`,
  reply: (value) => {
    const [now, rows] = value as [number, Row[]]
    return { now, rows }
  },
})
