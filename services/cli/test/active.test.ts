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

it('one look gives no speed', () => {
  expect(new Speeds().of(status(4000), 3000)).toBeUndefined()
})

it('the speed is measured over the last seconds, not since the start', () => {
  const speeds = new Speeds()
  speeds.of(status(4000), 3000)
  expect(speeds.of(status(4100), 3500)).toBe(200)
  expect(speeds.of(status(4100), 4500)).toBeCloseTo(66.7, 1)
  expect(speeds.of(status(4100), 9000)).toBe(0)
})

it('the speed is measured by the clock of the writer', () => {
  const speeds = new Speeds()
  speeds.of(status(1000), 3000, 500)
  expect(speeds.of(status(3000), 5900, 2500)).toBe(1000)
})

it('a status without a change has speed 0', () => {
  const speeds = new Speeds()
  speeds.of(status(1000), 3000, 500)
  expect(speeds.of(status(1000), 5000, 500)).toBe(0)
})

it('a restarted write starts a new measurement', () => {
  const speeds = new Speeds()
  speeds.of(status(4000), 3000)
  expect(speeds.of(status(100), 4000)).toBeUndefined()
  expect(speeds.of(status(300), 5000)).toBe(200)
})

it('a write without a writer has no speed', () => {
  const speeds = new Speeds()
  speeds.of(status(4000, false), 3000)
  expect(speeds.of(status(4000, false), 4000)).toBeUndefined()
})
