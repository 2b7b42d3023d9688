import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatSnapshot, parseSnapshot } from '../src/status/entry.js'

const startedAt = new Date(1_700_000_000_000)
const updatedAt = new Date(1_700_000_001_000)

it('is read as it was published', () => {
  const writes = [
    { ref: 'layer-sha256:abc', offset: 0, startedAt, updatedAt },
    { ref: 'layer-sha256:def', offset: 17, total: 0, startedAt, updatedAt },
    { ref: 'layer-sha256:123', offset: 5, total: 100, startedAt, updatedAt },
  ]
  const listed = parseSnapshot(formatSnapshot('worker-1', writes))
  expect(listed).toEqual(writes.map((write) => ({ ...write, worker: 'worker-1' })))
})

it.each([
  ['invalid JSON', ''],
  ['cut JSON', '["w",["r",1,null,1,1]'],
  ['an object', '{}'],
  ['no worker', '[1,["r",1,null,1,1]]'],
  ['a row of another kind', '["w",{"ref":"r"}]'],
  ['a negative offset', '["w",["r",-1,null,1,1]]'],
  ['an offset as text', '["w",["r","1",null,1,1]]'],
  ['an odd total', '["w",["r",1,1.5,1,1]]'],
  ['no dates', '["w",["r",1,1]]'],
  ['a date out of range', '["w",["r",1,1,1e99,1]]'],
])('leaves out %s', (_, text) => {
  expect(parseSnapshot(text)).toEqual([])
})

it('keeps the rows beside an invalid one', () => {
  expect(parseSnapshot('["w",["r",-1,null,1,1],["s",1,null,1,1]]')).toHaveLength(1)
})

it('never throws, and returns no control characters', () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), fc.string(), (json, worker, ref) => {
      parseSnapshot(json)
      const text = formatSnapshot(worker, [{ ref, offset: 1, startedAt, updatedAt }])
      for (const status of parseSnapshot(text)) expect(status.worker + status.ref).not.toMatch(/\p{Cc}/u)
    }),
  )
})
