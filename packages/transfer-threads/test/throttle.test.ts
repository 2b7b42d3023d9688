import { expect, it } from 'vitest'
import { throttleProgress } from '../src/throttle.js'

it('the first offset passes at time 0 of the clock, then one offset per interval', () => {
  const passed: number[] = []
  let now = 0
  const report = throttleProgress(
    (offset) => passed.push(offset),
    100,
    () => now,
  )
  for (now of [0, 1, 99, 100, 150, 350, 351]) report(now)
  expect(passed).toEqual([0, 100, 350])
})
