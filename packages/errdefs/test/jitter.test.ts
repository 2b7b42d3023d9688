import { backoff, jittered } from '@dist/errdefs'
import fc from 'fast-check'
import { expect, it } from 'vitest'

it('jitters within one and two times the base', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (base) => {
      const duration = jittered(base)
      expect(duration).toBeGreaterThanOrEqual(base)
      expect(duration).toBeLessThan(2 * base)
    }),
  )
})

it('doubles with every attempt up to the cap, never below half of it', () => {
  fc.assert(
    fc.property(
      fc.nat(2000),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 1e6 }),
      (n, first, cap) => {
        const full = Math.min(cap, first * 2 ** n)
        const duration = backoff(n, first, cap)
        expect(duration).toBeGreaterThanOrEqual(full / 2)
        expect(duration).toBeLessThanOrEqual(full)
      },
    ),
  )
})
