import { expect, it } from 'vitest'
import { hostPolicy, isGivenUp } from '../src/index.js'

const since = 1_000_000

it.each([
  [false, 45_000, false],
  [false, 63_000, true],
  [true, 63_000, false],
  [true, 900_500, false],
  [true, 975_000, true],
])(
  'a host that has answered before (%s), after %d ms of trouble, is given up: %s',
  (answered, length, given) => {
    const state = { host: 'a', answered, since, pausedUntil: since + length, because: 'a is away' }
    expect(isGivenUp(state, hostPolicy())).toBe(given)
  },
)

it('a host that asks for a pause counts as a host that answers', () => {
  const state = { host: 'a', answered: false, asks: true, since, pausedUntil: since + 600_000 }
  expect(isGivenUp(state, hostPolicy())).toBe(false)
})

it('a host without trouble is not given up', () => {
  expect(isGivenUp({ host: 'a', answered: false }, hostPolicy())).toBe(false)
})

it('R27 a host that refuses connections gets 12 requests at most, whatever the patience', () => {
  for (const [answered, most] of [
    [false, 6],
    [true, 12],
  ] as const) {
    const { firstProbe, longestProbe } = hostPolicy()
    let requests = 0
    for (let at = 0; ; ) {
      const pause = Math.min(longestProbe, firstProbe * 2 ** requests++)
      if (isGivenUp({ host: 'a', answered, since: 0, pausedUntil: at + pause }, hostPolicy())) break
      at += pause
    }
    expect(requests).toBe(most)
  }
})
