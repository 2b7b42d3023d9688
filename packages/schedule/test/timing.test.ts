import { describe, expect, it } from 'vitest'
import { checkPattern, checkTimeZone } from '../src/cron.js'
import { formatTiming, nextDue, parseEvery, type Timing } from '../src/timing.js'

/** The next moments after a time, as a clock that jumps from one to the next sees them. */
function moments(timing: Timing, after: string, count: number, first = 0): string[] {
  const found: string[] = []
  let now: number | undefined = Date.parse(after)
  while (found.length < count && now !== undefined) {
    now = nextDue(timing, now, first)
    found.push(now === undefined ? 'never' : new Date(now).toISOString().replace(':00.000Z', 'Z'))
  }
  return found
}

const berlin = (pattern: string): Timing => ({ pattern, timeZone: 'Europe/Berlin' })
const newYork = (pattern: string): Timing => ({ pattern, timeZone: 'America/New_York' })

describe('an hour that daylight saving skips', () => {
  it('is due once, right after the gap, in Berlin', () => {
    expect(moments(berlin('30 2 * * *'), '2026-03-27T12:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ])
  })

  it('is due once, right after the gap, in New York', () => {
    expect(moments(newYork('30 2 * * *'), '2026-03-07T12:00Z', 2)).toEqual([
      '2026-03-08T07:00Z',
      '2026-03-09T06:30Z',
    ])
  })

  it('is due once, however many minutes of it a pattern has', () => {
    const expected = ['2026-03-29T01:00Z', '2026-03-30T00:00Z', '2026-03-30T00:20Z']
    expect(moments(berlin('*/20 2 * * *'), '2026-03-28T12:00Z', 3)).toEqual(expected)
    expect(moments(berlin('0,20,40 2 * * *'), '2026-03-28T12:00Z', 3)).toEqual(expected)
  })

  it('is due among other hours of a step', () => {
    expect(moments(berlin('0 */2 * * *'), '2026-03-28T22:30Z', 3)).toEqual([
      '2026-03-28T23:00Z',
      '2026-03-29T01:00Z',
      '2026-03-29T02:00Z',
    ])
  })
})

describe('an hour that daylight saving doubles', () => {
  it('is due the first time only, in Berlin', () => {
    expect(moments(berlin('30 2 * * *'), '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ])
  })

  it('is due the first time only, in New York', () => {
    expect(moments(newYork('30 1 * * *'), '2026-10-31T12:00Z', 2)).toEqual([
      '2026-11-01T05:30Z',
      '2026-11-02T06:30Z',
    ])
  })

  it('is due the first time only, with steps of minutes and hours', () => {
    expect(moments(berlin('*/20 2 * * *'), '2026-10-24T12:00Z', 4)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T00:20Z',
      '2026-10-25T00:40Z',
      '2026-10-26T01:00Z',
    ])
    expect(moments(berlin('0 */2 * * *'), '2026-10-24T22:30Z', 2)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T03:00Z',
    ])
  })
})

it('a pattern for every hour goes by the time that passes', () => {
  expect(moments(berlin('0 * * * *'), '2026-10-24T22:30Z', 4)).toEqual([
    '2026-10-24T23:00Z',
    '2026-10-25T00:00Z',
    '2026-10-25T01:00Z',
    '2026-10-25T02:00Z',
  ])
  expect(moments(berlin('@hourly'), '2026-03-29T00:30Z', 2)).toEqual([
    '2026-03-29T01:00Z',
    '2026-03-29T02:00Z',
  ])
})

it('a pattern has its time zone, UTC too', () => {
  expect(moments({ pattern: '15 3 * * *', timeZone: 'UTC' }, '2026-07-01T00:00Z', 1)).toEqual([
    '2026-07-01T03:15Z',
  ])
  expect(moments({ pattern: '@daily', timeZone: 'Asia/Kolkata' }, '2026-07-01T00:00Z', 1)).toEqual([
    '2026-07-01T18:30Z',
  ])
})

it('a day that few years have is found: 2100 has no leap day', () => {
  expect(moments({ pattern: '0 0 29 2 *', timeZone: 'UTC' }, '2096-03-01T00:00Z', 2)).toEqual([
    '2104-02-29T00:00Z',
    '2108-02-29T00:00Z',
  ])
})

it.each([
  ['0 0 31 2 *', 'is never due: no date matches it'],
  ['0 0 30 feb *', 'is never due'],
  ['61 * * * *', 'Invalid value for minute: 61'],
  ['0 0 * * * *', 'requires exactly 5 parts'],
  ['daily', 'is no cron pattern such as "15 3 * * *"'],
  ['@reboot', 'is no cron pattern'],
  ['*/0 * * * *', 'is no cron pattern'],
])('the pattern %s is refused', (pattern, message) => {
  expect(() => checkPattern(pattern)).toThrow(message)
})

it.each(['15 3 * * *', '@weekly', '0 0 29 2 *', '5 4 * * sun', '0 0 L * *', '0 0 * * 5#2'])(
  'the pattern %s is accepted',
  (pattern) => {
    expect(() => checkPattern(pattern)).not.toThrow()
  },
)

it('a time zone that does not exist is refused', () => {
  expect(() => checkTimeZone('Europe/Nowhere')).toThrow('"Europe/Nowhere" is no time zone')
  expect(() => checkTimeZone('Europe/Berlin')).not.toThrow()
})

describe('an interval', () => {
  const first = Date.parse('2026-03-28T20:00Z')

  it('counts from its first moment, across a change to daylight saving', () => {
    expect(moments({ every: parseEvery('6h') }, '2026-03-28T19:00Z', 3, first)).toEqual([
      '2026-03-28T20:00Z',
      '2026-03-29T02:00Z',
      '2026-03-29T08:00Z',
    ])
  })

  it('keeps its times when work begins late', () => {
    expect(moments({ every: parseEvery('1h') }, '2026-03-29T03:59:59Z', 1, first)).toEqual([
      '2026-03-29T04:00Z',
    ])
    expect(moments({ every: parseEvery('1h') }, '2026-03-29T04:00Z', 1, first)).toEqual(['2026-03-29T05:00Z'])
  })

  it.each(['9s', '0h', '6', '6 h', '-1h', '1y', ''])('of "%s" is refused', (text) => {
    expect(() => parseEvery(text)).toThrow('at least 10s is expected')
  })
})

it('a timing is shown as mirror files have it', () => {
  expect(formatTiming(berlin('15 3 * * *'))).toBe('15 3 * * * Europe/Berlin')
  expect(formatTiming({ pattern: '15 3 * * *', timeZone: 'UTC' })).toBe('15 3 * * *')
  expect(['10s', '90m', '6h', '14d', '2w'].map((text) => formatTiming({ every: parseEvery(text) }))).toEqual([
    'every 10s',
    'every 90m',
    'every 6h',
    'every 2w',
    'every 2w',
  ])
})
