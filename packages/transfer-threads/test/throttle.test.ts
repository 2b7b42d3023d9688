import { expect, it } from 'vitest'
import { throttled } from '../src/throttle.js'

it('the first offset passes in the first moment of a clock, then one for each interval', () => {
  const passed: number[] = []
  let now = 0
  const report = throttled(
    (offset) => passed.push(offset),
    100,
    () => now,
  )
  for (now of [0, 1, 99, 100, 150, 350, 351]) report(now)
  expect(passed).toEqual([0, 100, 350])
})
