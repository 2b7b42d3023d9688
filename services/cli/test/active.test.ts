import type { Status } from '@dist/content'
import { expect, it } from 'vitest'
import { Speeds } from '../src/content/active-view.js'

const status = (offset: number, live = true): Status => ({
  ref: 'r',
  offset,
  expected: {},
  startedAt: new Date(1000),
  updatedAt: new Date(1000),
  live,
})

it('one look tells no speed', () => {
  expect(new Speeds().of(status(4000), 3000)).toBeUndefined()
})

it('is taken over the last seconds, not since the beginning', () => {
  const speeds = new Speeds()
  speeds.of(status(4000), 3000)
  expect(speeds.of(status(4100), 3500)).toBe(200)
  expect(speeds.of(status(4100), 4500)).toBeCloseTo(66.7, 1)
  expect(speeds.of(status(4100), 9000)).toBe(0)
})

it('goes by the clock of who writes', () => {
  const speeds = new Speeds()
  speeds.of(status(1000), 3000, 500)
  expect(speeds.of(status(3000), 5900, 2500)).toBe(1000)
})

it('who tells nothing new writes nothing', () => {
  const speeds = new Speeds()
  speeds.of(status(1000), 3000, 500)
  expect(speeds.of(status(1000), 5000, 500)).toBe(0)
})

it('a write that started again is measured anew', () => {
  const speeds = new Speeds()
  speeds.of(status(4000), 3000)
  expect(speeds.of(status(100), 4000)).toBeUndefined()
  expect(speeds.of(status(300), 5000)).toBe(200)
})

it('what nobody writes has no speed', () => {
  const speeds = new Speeds()
  speeds.of(status(4000, false), 3000)
  expect(speeds.of(status(4000, false), 4000)).toBeUndefined()
})
