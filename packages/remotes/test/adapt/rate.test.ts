import { assert, double, integer, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RateMeter } from '../../src/adapt/meter.js'
import { AdaptiveRate } from '../../src/adapt/rate.js'

/** A registry that fills a bucket with so many tokens per second. Times are milliseconds of a simulated clock. */
interface Bucket {
  readonly perSecond: number
  readonly burst: number
}

interface Answered {
  readonly at: number
  readonly isRefused: boolean
}

/** Milliseconds without requests after a decrease, as limiters have it. */
const gap = 100

/** Requests by an adaptive rate, without a rate 1,000 a second. Answers come after `latency`. */
function simulate(bucketAt: (now: number) => Bucket, seconds: number, latency = 20): Answered[] {
  const rate = new AdaptiveRate()
  const meter = new RateMeter()
  const answers: Answered[] = []
  const due: { at: number; began: number; isRefused: boolean }[] = []
  let tokens = bucketAt(0).burst
  let filledAt = 0
  let grownAt = 0
  let now = 0
  while (now < seconds * 1000) {
    const { perSecond, burst } = bucketAt(now)
    tokens = Math.min(burst, tokens + ((now - filledAt) * perSecond) / 1000)
    filledAt = now
    const isRefused = tokens < 1
    if (!isRefused) tokens--
    due.push({ at: now + latency, began: now, isRefused })
    while (due[0] !== undefined && due[0].at <= now) {
      const { at, began, isRefused } = due.shift() as (typeof due)[number]
      answers.push({ at, isRefused })
      if (!isRefused) meter.record(at)
      else if (rate.refused({ now: at, began, throughput: meter.perSecond(at) })) now += gap
    }
    if (now - grownAt >= 1000) {
      rate.grow(now)
      grownAt = now
    }
    now += 1000 / (rate.rate ?? 1000)
  }
  return answers
}

function outcome(answers: readonly Answered[], from: number, to: number) {
  const seen = answers.filter(({ at }) => at >= from * 1000 && at < to * 1000)
  const refused = seen.filter(({ isRefused }) => isRefused).length
  return { perSecond: (seen.length - refused) / (to - from), refusedShare: refused / seen.length }
}

describe('an adaptive rate', () => {
  it('does not exist before the first refusal', () => {
    const rate = new AdaptiveRate()
    rate.grow(1000)
    expect(rate.rate).toBeUndefined()
  })

  it('counts refusals of requests in flight together as one', () => {
    const rate = new AdaptiveRate()
    expect(rate.refused({ now: 1000, began: 900, throughput: 100 })).toBe(true)
    const first = rate.rate
    for (const began of [900, 950, 1000]) expect(rate.refused({ now: 1010, began })).toBe(false)
    expect(rate.rate).toBe(first)
    expect(rate.refused({ now: 1100, began: 1050 })).toBe(true)
    expect(rate.rate).toBeLessThan(first ?? 0)
  })

  it('begins with a part of what the host has answered', () => {
    const rate = new AdaptiveRate()
    rate.refused({ now: 1000, began: 900, throughput: 160 })
    expect(rate.rate).toBe(80)
  })

  it('never exceeds the bound of the policy', () => {
    const rate = new AdaptiveRate(30)
    rate.refused({ now: 0, began: -10, throughput: 1000 })
    for (let now = 0; now < 120_000; now += 1000) {
      rate.grow(now)
      expect(rate.rate).toBeLessThanOrEqual(30)
    }
    expect(rate.rate).toBe(30)
  })

  it('does not grow by time without demand', () => {
    const rate = new AdaptiveRate()
    rate.refused({ now: 0, began: -10, throughput: 20 })
    rate.grow(3_600_000)
    expect(rate.rate).toBeLessThan(20)
  })

  it.each([
    [50, 2, 50, 20],
    [200, 2, 50, 50],
    // Few requests: a single refusal weighs more.
    [5, 4, 10, 20],
  ])(
    'reaches nine tenths of %i a second with %i of 100 refused at most (burst %i, %i ms)',
    (perSecond, refused, burst, latency) => {
      const seen = outcome(
        simulate(() => ({ perSecond, burst }), 75, latency),
        15,
        75,
      )
      expect(seen.perSecond).toBeGreaterThan(0.9 * perSecond)
      expect(seen.refusedShare).toBeLessThan(refused / 100)
    },
  )

  it('follows a limit that falls, and one that rises', () => {
    const answers = simulate(
      (now) => ({ perSecond: now < 30_000 || now > 90_000 ? 100 : 20, burst: 20 }),
      150,
    )
    expect(outcome(answers, 15, 30).perSecond).toBeGreaterThan(85)
    expect(outcome(answers, 45, 90).perSecond).toBeGreaterThan(17)
    expect(outcome(answers, 45, 90).refusedShare).toBeLessThan(0.04)
    expect(outcome(answers, 130, 150).perSecond).toBeGreaterThan(85)
  })

  it('comes near any limit, and stays above none', () => {
    const buckets = record({
      perSecond: integer({ min: 5, max: 400 }),
      burst: integer({ min: 10, max: 200 }),
      latency: double({ min: 1, max: 100, noNaN: true }),
    })
    assert(
      property(buckets, ({ latency, ...bucket }) => {
        const seen = outcome(
          simulate(() => bucket, 60, latency),
          20,
          60,
        )
        expect(seen.perSecond).toBeGreaterThan(0.6 * bucket.perSecond)
        expect(seen.refusedShare).toBeLessThan(0.12)
      }),
      { numRuns: 60 },
    )
  })
})
