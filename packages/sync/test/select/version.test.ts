import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileRange } from '../../src/select/range.js'
import { compareVersions, parseVersion, type Version } from '../../src/select/version.js'

function version(text: string): Version {
  const parsed = parseVersion(text)
  if (parsed === undefined) throw new Error(`${text} is not a version`)
  return parsed
}

describe('the version of a tag', () => {
  it.each([
    '1',
    'v1',
    '1.2',
    '22.04',
    '1.2.3.4',
    'v1.2.3-rc.1',
    '1.2-alpine3.20',
    '1.2.3_build.5',
    '20240131',
  ])('is read from %s', (tag) => expect(parseVersion(tag)).toBeDefined())

  it.each(['latest', 'v', '', '1.', '.1', '1..2', 'a1.2', 'release-1.2', '1.2rc1', 'vv1', '1.2-'])(
    'is missing in %s',
    (tag) => expect(parseVersion(tag)).toBeUndefined(),
  )

  it('is ordered by numbers, then prerelease before release, with missing numbers as 0', () => {
    const ordered = [
      '0.9',
      '1.2-alpha',
      '1.2-alpha.1',
      '1.2-beta',
      '1.2-rc2',
      '1.2-rc10',
      '1.2',
      '1.2.0.1',
      '1.10',
    ]
    const shuffled = [...ordered].reverse()
    expect(shuffled.sort((a, b) => compareVersions(version(a), version(b)))).toEqual(ordered)
    expect(compareVersions(version('v1.2'), version('1.2.0_build'))).toBe(0)
  })

  it('has a total order', () => {
    const part = fc.constantFrom('', '-a', '-rc1', '-rc10', '-rc2', '-1', '-01', '-a.b', '-a-1', '-a1b2')
    const any = fc
      .tuple(fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), part)
      .map(([numbers, rest]) => version(numbers.join('.') + rest))
    const sign = (a: Version, b: Version) => Math.sign(compareVersions(a, b))
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(sign(a, b) + sign(b, a)).toBe(0)
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})

describe('a range of versions', () => {
  it.each([
    ['>=3', '3.0.0 3.1 10', '2.9.9'],
    ['>=1.2 <2', '1.2 1.9.9', '1.1.9 2.0'],
    ['>=1.2, <2', '1.2', '2.0'],
    ['>1.2', '1.3', '1.2 1.2.9'],
    ['<=1.2', '1.2.9', '1.3'],
    ['> 1.2.3', '1.2.4', '1.2.3'],
    ['=1.2.3', 'v1.2.3 1.2.3_b', '1.2.4'],
    ['1.2.3', '1.2.3', '1.2.3.1'],
    ['1.2', '1.2 1.2.9', '1.3 1.1'],
    ['1.x', '1.0 1.9', '2.0'],
    ['v1.2.*', '1.2.7', '1.3.0'],
    ['*', '0 1 99.1', ''],
    ['~1.2.3', '1.2.3 1.2.9', '1.2.2 1.3.0'],
    ['~1.2', '1.2.0 1.2.9', '1.3'],
    ['~1', '1.9', '2.0'],
    ['^1.2.3', '1.2.3 1.9', '1.2.2 2.0'],
    ['^0.2.3', '0.2.9', '0.3.0 0.2.2'],
    ['^0.0.3', '0.0.3', '0.0.4'],
    ['^0.0', '0.0.9', '0.1'],
    ['^0', '0.9', '1.0'],
    ['!=1.5.1 >=1', '1.5.0 2.0', '1.5.1 0.9'],
    ['!=1.5', '1.4 1.6', '1.5.1'],
    ['1.2 - 2.3', '1.2.0 2.3.9', '1.1 2.4'],
    ['1.2.3 - 2.3.4', '2.3.4', '2.3.5'],
    ['^1 || ^3', '1.1 3.1', '2.1'],
  ])('%s has %s, and not %s', (range, inside, outside) => {
    const holds = compileRange(range)
    const tags = (text: string) => text.split(' ').filter((tag) => tag !== '')
    expect(tags(inside).filter((tag) => !holds(version(tag)))).toEqual([])
    expect(tags(outside).filter((tag) => holds(version(tag)))).toEqual([])
  })

  it('with missing numbers has the prereleases of its lower bound, and not those of its upper bound', () => {
    const holds = compileRange('>=2 <3')
    expect(['2.0.0-rc1', '3.0.0-rc1'].map((tag) => holds(version(tag)))).toEqual([true, false])
    const exact = compileRange('>=2.0.0 <3.0.0')
    expect(['2.0.0-rc1', '3.0.0-rc1'].map((tag) => exact(version(tag)))).toEqual([false, true])
  })

  it.each(['', ' ', '>>1', 'latest', '1 || ', '>=', '1..2', '1 - ', '>=1 foo', 'a', '1.2.3 -- 2'])(
    'is not %j',
    (text) => expect(() => compileRange(text)).toThrow('is not a range of versions'),
  )

  it('is compiled in a time that is linear in its length', () => {
    const before = performance.now()
    expect(() => compileRange(`${'1.2 '.repeat(1000)}!`)).toThrow()
    expect(performance.now() - before).toBeLessThan(1000)
  })
})
