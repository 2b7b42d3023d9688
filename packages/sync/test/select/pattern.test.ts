import { describe, expect, it } from 'vitest'
import { anyOf, compileGlob, compilePathGlob, compileRegex, type Matcher } from '../../src/select/pattern.js'

function matching(matches: Matcher, texts: string): string[] {
  return texts.split(' ').filter(matches)
}

describe('a pattern of tags', () => {
  it.each([
    ['v*', 'v v1 v1.2-rc 1v', 'v v1 v1.2-rc'],
    ['*-rc*', '1-rc 1-rc1 rc', '1-rc 1-rc1'],
    ['1.?', '1.2 1. 1.23 1x2', '1.2'],
    ['[a-c]1', 'a1 c1 d1 ab1', 'a1 c1'],
    ['[!a-c]1', 'a1 d1 11', 'd1 11'],
    ['1.2', '1.2 1x2', '1.2'],
    ['\\*', '* a', '*'],
    ['a+b(c)', 'a+b(c) aab', 'a+b(c)'],
    ['[.^]', '. ^ a', '. ^'],
  ])('%s matches as a whole', (pattern, texts, expected) => {
    expect(matching(compileGlob(pattern), texts)).toEqual(expected.split(' '))
  })

  it.each(['', '[', '[]', '[a', 'x'.repeat(1001)])('is not %j', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow()
  })
})

describe('a pattern of repositories', () => {
  it.each([
    ['team/*', 'team team/a team/a/b', 'team/a'],
    ['team/**', 'team team/a team/a/b teams/a', 'team/a team/a/b'],
    ['**', 'a a/b a/b/c', 'a a/b a/b/c'],
    ['*', 'a a/b', 'a'],
    ['**/app', 'app a/app a/b/app xapp', 'app a/app a/b/app'],
    ['a/**/z', 'a/z a/b/z a/b/c/z az', 'a/z a/b/z a/b/c/z'],
    ['a?c', 'abc a/c', 'abc'],
    ['a[!b]c', 'adc abc a/c', 'adc'],
    ['*/*/x', 'a/b/x a/x', 'a/b/x'],
  ])('%s keeps the components apart', (pattern, texts, expected) => {
    expect(matching(compilePathGlob(pattern), texts)).toEqual(expected.split(' '))
  })
})

describe('a regular expression', () => {
  it.each([
    ['a|b', 'a b ab xa bx', 'a b'],
    ['v[0-9]+', 'v1 v12 v1a xv1', 'v1 v12'],
    ['(?i)abc', 'ABC abc', 'ABC abc'],
    ['\\Qa.b\\E', 'a.b axb', 'a.b'],
    ['(?P<n>x)[[:digit:]]\\pL', 'x1a x11', 'x1a'],
    ['^a$', 'a aa', 'a'],
  ])('%s is one of RE2, for the whole tag', (pattern, texts, expected) => {
    expect(matching(compileRegex(pattern), texts)).toEqual(expected.split(' '))
  })

  it.each(['(?=a)', '(a)\\1', '(', '*', 'a{1001}', ''])('is not %j', (pattern) => {
    expect(() => compileRegex(pattern)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it.each([
    ['repeats something large', `(${'ab?'.repeat(150)}){500}`],
    ['has many repetitions', '(a?){500}'.repeat(100)],
    ['nests repetitions', '((a?){30}){30}'],
  ])('is refused when it %s, and takes no long time for that', (_, pattern) => {
    const before = process.hrtime.bigint()
    expect(() => compileRegex(pattern)).toThrow('too large')
    expect(Number(process.hrtime.bigint() - before) / 1e6).toBeLessThan(5000)
  })

  it.each(['[0-9]{1,3}(\\.[0-9]{1,5}){0,4}', 'v?[0-9]+\\.[0-9]+(-[a-z0-9.]{1,40})?', '(a|b|c){1,50}'])(
    'may have repetitions of the usual size: %s',
    (pattern) => expect(() => compileRegex(pattern)).not.toThrow(),
  )

  it.each(['((a*)*)*b', '(a|a)*b', '(.*){1,9}[bc]', `${'.*'.repeat(40)}b`])(
    'takes a time that is linear in the text, for the pattern %s, too',
    (pattern) => {
      const before = process.hrtime.bigint()
      expect(compileRegex(pattern)('a'.repeat(128))).toBe(false)
      expect(Number(process.hrtime.bigint() - before) / 1e6).toBeLessThan(5000)
    },
  )
})

it('of several patterns one has to match', () => {
  expect(matching(anyOf([compileGlob('a*'), compileGlob('b*')]), 'a1 b1 c1')).toEqual(['a1', 'b1'])
  expect(matching(anyOf([]), 'a b')).toEqual([])
})
