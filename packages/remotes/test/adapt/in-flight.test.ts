import { array, assert, double, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AdaptiveInFlight } from '../../src/adapt/in-flight.js'

/** A host that works on so many requests at the same time, for so long; more of them wait. */
interface Host {
  readonly atOnce: number
  readonly milliseconds: number
}

/** Keeps as many requests in flight as are allowed. Returns the limit at the end. */
function load(limit: AdaptiveInFlight, { atOnce, milliseconds }: Host, seconds: number, from = 0): number {
  for (let now = from; now < from + seconds * 1000; ) {
    const latency = milliseconds * Math.max(1, limit.limit / atOnce)
    limit.answered(latency, now)
    now += latency / limit.limit
  }
  return limit.limit
}

describe('adaptive requests in flight', () => {
  it.each([1, 20, 200, 5_000])('stay at the bound for a host that always takes %i ms', (milliseconds) => {
    const limit = new AdaptiveInFlight(32)
    expect(load(limit, { atOnce: 100, milliseconds }, 60)).toBe(32)
    expect(limit.isLowered).toBe(false)
  })

  it('fall for a host that becomes slow, and rise when it recovers', () => {
    const limit = new AdaptiveInFlight(32)
    load(limit, { atOnce: 100, milliseconds: 20 }, 10)
    expect(load(limit, { atOnce: 2, milliseconds: 40 }, 20, 10_000)).toBeLessThanOrEqual(16)
    expect(limit.isLowered).toBe(true)
    expect(load(limit, { atOnce: 100, milliseconds: 20 }, 20, 30_000)).toBe(32)
  })

  it('take a host that has become slow for good as it is, after some minutes', () => {
    const limit = new AdaptiveInFlight(8)
    load(limit, { atOnce: 100, milliseconds: 20 }, 10)
    expect(load(limit, { atOnce: 100, milliseconds: 2_000 }, 60, 10_000)).toBeLessThan(8)
    expect(load(limit, { atOnce: 100, milliseconds: 2_000 }, 900, 70_000)).toBe(8)
  })

  it('ignore single late answers', () => {
    const limit = new AdaptiveInFlight(8)
    for (let i = 0; i < 1_000; i++) limit.answered(i % 50 === 49 ? 500 : 20, i * 10)
    expect(limit.limit).toBe(8)
  })

  it('are at least one and at most the bound, whatever happens', () => {
    const latencies = array(double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 500 })
    assert(
      property(integer({ min: 1, max: 64 }), latencies, (most, all) => {
        const limit = new AdaptiveInFlight(most)
        for (const [i, latency] of all.entries()) {
          limit.answered(latency, i * 100)
          expect(limit.limit).toBeGreaterThanOrEqual(1)
          expect(limit.limit).toBeLessThanOrEqual(most)
        }
      }),
    )
  })
})
