import { expect, it } from 'vitest'
import { Memory } from '../src/limits/memory.js'
import { Rates } from '../src/limits/rates.js'

function clock() {
  let time = 0
  return { now: () => time, pass: (milliseconds: number) => (time += milliseconds) }
}

it('a burst passes, then as many as the rate allows', () => {
  const { now, pass } = clock()
  const rates = new Rates({ burst: 2, perSecond: 0.5, now })
  expect([rates.take('a'), rates.take('a'), rates.take('a')]).toEqual([0, 0, 2])
  pass(1_000)
  expect(rates.take('a')).toBe(1)
  pass(1_000)
  expect([rates.take('a'), rates.take('a')]).toEqual([0, 2])
})

it('keys do not disturb each other, and what is given back can be taken again', () => {
  const { now } = clock()
  const rates = new Rates({ burst: 1, perSecond: 1, now })
  expect([rates.take('a'), rates.take('b'), rates.take('a')]).toEqual([0, 0, 1])
  rates.giveBack('a')
  expect([rates.take('a'), rates.take('b')]).toEqual([0, 1])
})

it('the keys used last are kept, in bounded memory', () => {
  const { now } = clock()
  const rates = new Rates({ burst: 1, perSecond: 1, maxKeys: 2, now })
  for (const key of ['a', 'b']) rates.take(key)
  rates.take('a')
  rates.take('c')
  expect([rates.take('a'), rates.take('b')]).toEqual([1, 0])
})

it('a memory forgets what is over, and the oldest entry beyond its size', () => {
  const { now, pass } = clock()
  const memory = new Memory<number>(2, now)
  memory.set('a', 1, 10)
  pass(9)
  expect(memory.get('a')).toBe(1)
  pass(1)
  expect(memory.get('a')).toBeUndefined()
  for (const key of ['b', 'c', 'd']) memory.set(key, 2, 100)
  expect(['b', 'c', 'd'].map((key) => memory.get(key))).toEqual([undefined, 2, 2])
})
