import { describe, expect, it, vi } from 'vitest'
import { namesTags } from '../../src/select/filter.js'
import { Newest } from '../../src/select/newest.js'
import { compileFilter } from '../../src/select/rules.js'
import { Tallying } from '../../src/select/select.js'
import { now, selected, verdicts } from './support.js'

const tags = ['latest', 'v1.0.0', 'v1.1.0-rc1', 'v1.1.0', 'v2.0.0', 'edge', '1.9']
const old = (tag: string, created: string) => ({ tag, created: new Date(created) })

describe('a selection of tags', () => {
  it('without filters has all tags in the order of the listing', async () => {
    expect(await selected(tags, {})).toEqual(tags)
  })

  it('has the tags of list, and those that include or regex matches', async () => {
    const filter = { list: ['edge', 'absent'], include: ['v2*'], regex: ['[0-9.]+'] }
    expect(await selected(tags, filter)).toEqual(['v2.0.0', 'edge', '1.9'])
  })

  it('leaves out what exclude and excludeRegex match', async () => {
    expect(await selected(tags, { exclude: ['*-rc*', 'latest'], excludeRegex: ['e.*'] })).toEqual([
      'v1.0.0',
      'v1.1.0',
      'v2.0.0',
      '1.9',
    ])
  })

  it('has with semver the releases in one of the ranges', async () => {
    expect(await selected(tags, { semver: ['<1.1', '>=2'] })).toEqual(['v1.0.0', 'v2.0.0'])
  })

  it('has prereleases only when they are asked for', async () => {
    expect(await selected(tags, { semver: ['1.1'] })).toEqual(['v1.1.0'])
    expect(await selected(tags, { semver: ['1.1'], prereleases: true })).toEqual(['v1.1.0-rc1', 'v1.1.0'])
  })

  it('never has tags of signatures and lists of referrers, nor invalid names', async () => {
    const hex = 'a'.repeat(64)
    const odd = [
      `sha256-${hex}`,
      `sha256-${hex}.sig`,
      `sha512-${hex}`,
      '../x',
      'a b',
      '',
      '-a',
      'x'.repeat(129),
    ]
    expect(await selected([...odd, 'sha256-x', 'ok'], { include: ['*'] })).toEqual(['sha256-x', 'ok'])
    expect((await verdicts(odd, {})).map(({ fellAt }) => fellAt)).toEqual(odd.map(() => 'name'))
  })

  it('tells for each tag at which stage it fell out, and counts', async () => {
    const listed = [...tags, 'v3.0.0', 'x y']
    const filter = { include: ['v*', 'latest'], exclude: ['v2*'], semver: ['>=1'], newest: 1 }
    const tallying = new Tallying()
    const found = await verdicts(listed, filter)
    for (const verdict of found) tallying.add(verdict)
    expect(Object.fromEntries(found.map(({ tag, fellAt }) => [tag, fellAt]))).toEqual({
      latest: 'semver',
      'v1.0.0': 'newest',
      'v1.1.0-rc1': 'semver',
      'v1.1.0': 'newest',
      'v2.0.0': 'exclude',
      edge: 'include',
      '1.9': 'include',
      'v3.0.0': undefined,
      'x y': 'name',
    })
    expect(tallying.tally()).toEqual({
      listed: 9,
      fell: { name: 1, include: 2, exclude: 1, semver: 2, 'newer-than': 0, newest: 2 },
      selected: 1,
      unknownDates: 0,
    })
  })
})

describe('newest', () => {
  it('keeps the highest versions, the highest first; tags that are not versions are older', async () => {
    expect(await selected(tags, { newest: 3 })).toEqual(['v2.0.0', '1.9', 'v1.1.0'])
    expect(await selected(['b', '1.0', 'a'], { newest: 2 })).toEqual(['1.0', 'b'])
  })

  it('by name keeps the last names', async () => {
    const dated = ['2026-01-02', '2026-01-10', '2025-12-31']
    expect(await selected(dated, { newest: 2, newestBy: 'name' })).toEqual(['2026-01-10', '2026-01-02'])
  })

  it('by date keeps the latest; an unknown date is older than all others', async () => {
    const dated = [old('a', '2026-01-01'), old('zero', '0001-01-01'), old('b', '2026-02-01'), 'unknown']
    expect(await selected(dated, { newest: 3, newestBy: 'date' })).toEqual(['b', 'a', 'zero'])
  })

  it('does not depend on the order of the listing, also when there are many tags', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => `1.${(index * 7919) % 3000}`)
    const expected = Array.from({ length: 5 }, (_, index) => `1.${2999 - index}`)
    expect(await selected(many, { newest: 5 })).toEqual(expected)
    expect(await selected([...many].reverse(), { newest: 5 })).toEqual(expected)
  })
})

describe('the memory of newest', () => {
  it('holds a number of tags that the limit bounds, whatever the order of the listing', () => {
    const orders = [
      (index: number) => index,
      (index: number) => 20_000 - index,
      (index: number) => (index * 7919) % 20_000,
    ]
    for (const order of orders) {
      const newest = new Newest(50)
      let held = 0
      for (let index = 0; index < 20_000; index++) {
        held += 1 - newest.offer({ tag: `1.${order(index)}` }).length
        expect(held).toBeLessThanOrEqual(2 * 50 + 64)
      }
    }
  })
})

describe('newer-than', () => {
  const dated = [old('new', '2026-05-31'), old('old', '2026-01-01'), old('epoch', '1970-01-01'), 'unknown']

  it.each(['90d', '2026-03-03', '12w', '2160h'])(
    'of %s keeps what is younger, and what has no known date',
    async (text) => {
      const found = await verdicts(dated, { newerThan: text })
      expect(found.map(({ tag, fellAt, unknownDate }) => [tag, fellAt, unknownDate])).toEqual([
        ['new', undefined, undefined],
        ['old', 'newer-than', undefined],
        ['epoch', undefined, true],
        ['unknown', undefined, true],
      ])
    },
  )

  it('asks for the dates of those tags only that passed the stages before, and have none', async () => {
    const findDate = vi.fn(async () => new Date('2026-05-31'))
    const listed = ['v1', 'w1', old('v2', '2020-01-01'), 'v3-rc1']
    const filter = { include: ['v*'], semver: ['*'], newerThan: '90d' }
    expect(await selected(listed, filter, { findDate })).toEqual(['v1'])
    expect(findDate.mock.calls).toEqual([['v1']])
  })

  it('asks for no date when no stage uses dates', async () => {
    const findDate = vi.fn(async () => undefined)
    await selected(tags, { newest: 2 }, { findDate })
    expect(findDate).not.toHaveBeenCalled()
  })

  it('keeps the order of the listing whatever the order of the dates, and asks for a bounded number at once', async () => {
    let atOnce = 0
    let most = 0
    const findDate = async (tag: string) => {
      most = Math.max(most, ++atOnce)
      for (let turn = Number(tag) % 3; turn >= 0; turn--) await Promise.resolve()
      atOnce -= 1
      return now
    }
    const listed = Array.from({ length: 50 }, (_, index) => String(index))
    expect(await selected(listed, { newerThan: '1d' }, { findDate, ahead: 4 })).toEqual(listed)
    expect(most).toBeLessThanOrEqual(4)
    expect(most).toBeGreaterThan(1)
  })

  it('fails as the search for a date fails', async () => {
    const findDate = async (tag: string) => {
      if (tag === '3') throw new Error('no date')
      return now
    }
    await expect(selected(['1', '2', '3', '4'], { newerThan: '1d' }, { findDate })).rejects.toThrow('no date')
  })

  it.each(['yesterday', '90', '-1d', '2026-13-01', '2026', ''])('is not %j', (text) => {
    expect(() => compileFilter({ newerThan: text })).toThrow('is neither an age')
  })
})

it('a filter that has only a list names its tags', () => {
  expect(namesTags({ list: ['a'], exclude: ['b'] })).toBe(true)
  expect(namesTags({ list: ['a'], include: ['b'] })).toBe(false)
  expect(namesTags({})).toBe(false)
})
