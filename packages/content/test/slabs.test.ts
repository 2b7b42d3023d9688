import { expect, test } from 'vitest'
import { giveBack, Slabs } from '../src/index.js'

test('memory is used again when all that was lent of it is back', () => {
  const slabs = new Slabs()
  const slab = slabs.take()
  const [first, second] = [slab.lend(0, 10), slab.lend(10, 30)]
  slab.close()
  giveBack(first)
  expect(slabs.take()).not.toBe(slab)
  giveBack(second.subarray(0, 5))
  giveBack(second.subarray(5))
  expect(slabs.take()).toBe(slab)
})

test('memory that is still filled is not used elsewhere', () => {
  const slabs = new Slabs()
  const slab = slabs.take()
  giveBack(slab.lend(0, 10))
  expect(slabs.take()).not.toBe(slab)
  slab.close()
  expect(slabs.take()).toBe(slab)
})

test('what is given back twice is an error, because its bytes may be other ones by now', () => {
  const slab = new Slabs().take()
  const chunk = slab.lend(0, 10)
  giveBack(chunk)
  expect(() => giveBack(chunk)).toThrow('given back twice')
})

test('memory that was not lent cannot be given back', () => {
  expect(() => giveBack(new Uint8Array(3))).not.toThrow()
})

test('only some memory is kept for later', () => {
  const slabs = new Slabs(1)
  const taken = [slabs.take(), slabs.take()]
  for (const slab of taken) slab.close()
  expect(slabs.take()).toBe(taken[0])
  expect(slabs.take()).not.toBe(taken[1])
})
