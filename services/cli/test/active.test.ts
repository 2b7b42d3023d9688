import type { Status } from '@dist/content'
import { expect, it } from 'vitest'
import { Speeds } from '../src/actions/speeds.js'

const status = (offset: number, live = true): Status => ({
  ref: 'r',
  offset,
  expected: {},
  startedAt: new Date(1000),
  updatedAt: new Date(1000),
  live,
})

it('the first look gives the average since the beginning', () => {
  expect(new Speeds().of(status(4000), 3000)).toBe(2000)
})

it('later looks give the speed since the last one', () => {
  const speeds = new Speeds()
  speeds.of(status(4000), 3000)
  expect(speeds.of(status(4100), 3500)).toBe(200)
  expect(speeds.of(status(4100), 4500)).toBe(0)
})

it('a write that started again is not faster than nothing', () => {
  const speeds = new Speeds()
  speeds.of(status(4000), 3000)
  expect(speeds.of(status(100), 4000)).toBe(0)
})

it('what nobody writes has no speed, nor has what just began', () => {
  expect(new Speeds().of(status(4000, false), 3000)).toBeUndefined()
  expect(new Speeds().of(status(0), 1000)).toBeUndefined()
})
