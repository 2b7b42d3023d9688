import { expect, it } from 'vitest'
import { hasty } from '../src/compose/remote.js'

it('who waits in front of the screen hears of a registry that is not there within about a second', () => {
  // Delays double from the first one, and there is none behind the last attempt.
  const longest = hasty.firstDelay * (2 ** (hasty.attempts - 1) - 1)
  expect(longest).toBeLessThanOrEqual(1100)
  expect(hasty.attempts).toBeGreaterThan(2)
})
