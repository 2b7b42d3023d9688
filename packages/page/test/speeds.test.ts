import { expect, it } from 'vitest'
import { Speeds } from '../src/speeds.js'

it('a speed is that of the last ten seconds', () => {
  const speeds = new Speeds()
  expect(speeds.of('a')).toBeUndefined()
  speeds.note('a', 0, 0)
  expect(speeds.of('a')).toBeUndefined()
  speeds.note('a', 1_000, 1_000)
  expect(speeds.of('a')).toBe(1_000)
  for (let second = 2; second <= 20; second++) speeds.note('a', 1_000, second * 1_000)
  expect(speeds.of('a')).toBe(0)
})

it('a counter that goes back begins again', () => {
  const speeds = new Speeds()
  speeds.note('a', 5_000, 0)
  speeds.note('a', 0, 1_000)
  expect(speeds.of('a')).toBeUndefined()
  speeds.note('a', 500, 2_000)
  expect(speeds.of('a')).toBe(500)
})

it('the same counter at the same time is one note', () => {
  const speeds = new Speeds()
  speeds.note('a', 0, 0)
  speeds.note('a', 10, 1_000)
  speeds.note('a', 10, 1_000)
  expect(speeds.of('a')).toBe(10)
})
