import { describe, expect, it } from 'vitest'
import { repeatOf, repeatStrategy } from '../src/schedule/repeat.js'

const at = (text: string) => Date.parse(text)

describe('the repeat strategy', () => {
  it('gives BullMQ the times of a pattern in its time zone', () => {
    const repeat = repeatOf({ pattern: '30 2 * * *', timeZone: 'Europe/Berlin' }, 0)
    expect(repeat).toEqual({ pattern: '30 2 * * *', tz: 'Europe/Berlin' })
    expect(repeatStrategy(at('2026-03-28T12:00Z'), repeat)).toBe(at('2026-03-29T01:00Z'))
    expect(repeatStrategy(at('2026-10-25T00:30Z'), { ...repeat, count: 3 })).toBe(at('2026-10-26T01:30Z'))
  })

  it('has an interval begin at its first moment, also when that has passed, and counts from it', () => {
    const first = at('2026-05-01T10:00Z')
    const repeat = repeatOf({ every: 3_600_000 }, first)
    // BullMQ counts the jobs of a scheduler from its second one on.
    expect(repeatStrategy(first + 5_000, repeat)).toBe(first)
    expect(repeatStrategy(first + 5_000, { ...repeat, count: 1 })).toBe(first + 3_600_000)
    expect(repeatStrategy(first + 36_000_001, { ...repeat, count: 2 })).toBe(first + 11 * 3_600_000)
  })
})
