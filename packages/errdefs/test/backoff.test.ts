import { backoff, jitter } from '@dist/errdefs'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('backoff', () => {
  it('doubles with each attempt, up to the cap', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    expect([0, 1, 2, 3, 4, 5].map((attempt) => backoff(attempt, 100, 1000))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ])
  })

  it('is random in the upper half of the delay', () => {
    fc.assert(
      fc.property(
        fc.nat(2000),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 1e6 }),
        (attempt, first, cap) => {
          const longest = Math.min(cap, first * 2 ** attempt)
          const delay = backoff(attempt, first, cap)
          expect(delay).toBeGreaterThanOrEqual(longest / 2)
          expect(delay).toBeLessThanOrEqual(longest)
        },
      ),
    )
  })

  it('gives two callers different delays', () => {
    expect(new Set(Array.from({ length: 20 }, () => backoff(3, 100, 10_000))).size).toBeGreaterThan(1)
  })
})

describe('jitter', () => {
  it('is between the base and twice the base', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (base) => {
        const duration = jitter(base)
        expect(duration).toBeGreaterThanOrEqual(base)
        if (base === 0) expect(duration).toBe(0)
        else expect(duration).toBeLessThan(2 * base)
      }),
    )
  })
})
