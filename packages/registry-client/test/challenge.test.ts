import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseChallenges, preferredChallenge } from '../src/auth/challenge.js'

const preferred = (...headers: string[]) => preferredChallenge(parseChallenges(headers))

test("R6 Docker Hub's challenge is read", () => {
  const header =
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/x:pull"'
  expect(preferred(header)).toEqual({
    scheme: 'bearer',
    params: {
      realm: 'https://auth.docker.io/token',
      service: 'registry.docker.io',
      scope: 'repository:library/x:pull',
    },
  })
})

test('R6 Bearer is preferred, in several headers and in one, in any case', () => {
  expect(preferred('Basic realm="a"', 'Bearer realm="b"')?.params.realm).toBe('b')
  expect(preferred('Basic realm="a", bEaReR REALM="b", service=c')).toEqual({
    scheme: 'bearer',
    params: { realm: 'b', service: 'c' },
  })
  expect(preferred('Negotiate, Basic realm="a"')?.scheme).toBe('basic')
  expect(preferred('Digest realm="a", qop="auth"')).toBeUndefined()
})

test('R6 a Bearer challenge without realm cannot be answered; Basic beside it can', () => {
  expect(preferred('Bearer service="x"')).toBeUndefined()
  expect(preferred('Bearer service="x", Basic realm="y"')?.scheme).toBe('basic')
})

test('R6 quotes may be escaped, left out, spaced or unterminated', () => {
  expect(preferred('Bearer realm="a\\"b\\\\c",service=d')?.params).toEqual({ realm: 'a"b\\c', service: 'd' })
  expect(preferred('Bearer realm = "a" , service = d')?.params).toEqual({ realm: 'a', service: 'd' })
  expect(preferred('Bearer realm="https://x/token,service=y')?.params.realm).toBe('https://x/token,service=y')
  expect(preferred('Bearer realm="a,b",service="c=d"')?.params).toEqual({ realm: 'a,b', service: 'c=d' })
})

test('R6 of a parameter given twice the first counts', () => {
  expect(preferred('Bearer realm="a",realm="b"')?.params.realm).toBe('a')
})

test('R6 a header of 64 KiB is not read', () => {
  expect(parseChallenges([`Bearer realm="${'x'.repeat(64 * 1024)}"`])).toEqual([])
})

test('R6 a name from the prototype is only a name', () => {
  expect(preferred('Bearer realm=a, __proto__=b, constructor=c')?.params.constructor).toBe('c')
})

test('R6 whatever a header holds, reading it throws nothing and ends', () => {
  const piece = fc.constantFrom(
    'Bearer',
    'Basic',
    ' ',
    ',',
    '=',
    '"',
    '\\',
    'realm',
    'a',
    '\t',
    'é',
    '\u0000',
  )
  const header = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(fc.array(header, { maxLength: 4 }), (headers) => {
      for (const { scheme } of parseChallenges(headers)) expect(scheme).not.toBe('')
    }),
  )
})
