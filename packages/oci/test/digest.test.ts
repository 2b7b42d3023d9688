import {
  algorithmOf,
  algorithms,
  type Digest,
  Digester,
  digestOf,
  encodedOf,
  isDigest,
  parseDigest,
} from '@dist/oci'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codeThrown, failure } from './codes.js'

const hex64 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const hex128 =
  'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e'

const hexOf = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`))
const codeUnits = fc.array(fc.nat(0xffff), { maxLength: 3 }).map((units) => String.fromCharCode(...units))
const digests = fc.oneof(
  hexOf(64).map((hex) => `sha256:${hex}`),
  hexOf(128).map((hex) => `sha512:${hex}`),
)

describe('parseDigest', () => {
  it('takes sha256 and sha512', () => {
    expect(parseDigest(`sha256:${hex64}`)).toBe(`sha256:${hex64}`)
    expect(parseDigest(`sha512:${hex128}`)).toBe(`sha512:${hex128}`)
  })

  it('takes every well-formed digest apart, and together again', () => {
    fc.assert(
      fc.property(digests, (text) => {
        const digest = parseDigest(text)
        expect(isDigest(text)).toBe(true)
        expect(`${algorithmOf(digest)}:${encodedOf(digest)}`).toBe(text)
      }),
    )
  })

  it.each([
    ['a path', 'sha256:../../x'],
    ['a path of the right length', `sha256:../${hex64.slice(3)}`],
    ['uppercase hex', `sha256:${hex64.toUpperCase()}`],
    ['one uppercase digit', `sha256:${hex64.slice(1)}A`],
    ['63 digits', `sha256:${hex64.slice(1)}`],
    ['65 digits', `sha256:${hex64}0`],
    ["the other algorithm's length", `sha512:${hex64}`],
    ['no digits', 'sha256:'],
    ['no algorithm', `:${hex64}`],
    ['digits alone', hex64],
    ['an uppercase algorithm', `SHA256:${hex64}`],
    ['two colons', `sha256:${hex64}:x`],
    ['a line break behind', `sha256:${hex64}\n`],
    ['a line break before', `\nsha256:${hex64}`],
    ['a space', `sha256: ${hex64.slice(1)}`],
    ['NUL', `sha256:${hex64.slice(1)}\0`],
    ['an escape of a URL', `sha256:%2e%2e%2f${hex64.slice(9)}`],
    ['a letter beyond f', `sha256:g${hex64.slice(1)}`],
    ['digits of another script', `sha256:٣${hex64.slice(1)}`],
    ['nothing', ''],
    ['a megabyte', `sha256:${'a'.repeat(1_000_000)}`],
  ])('R18: refuses %s before it reaches a path', (_, text) => {
    expect(codeThrown(() => parseDigest(text))).toBe('INVALID_ARGUMENT')
    expect(isDigest(text)).toBe(false)
  })

  it.each([
    'md5:d41d8cd98f00b204e9800998ecf8427e',
    `sha384:${hex64}`,
    `sha256+b64u:${hex64}`,
    'constructor:abc',
  ])('R18: rejects an unknown algorithm as unsupported (%s)', (text) => {
    const error = failure(() => parseDigest(text))
    expect(error.code).toBe('NOT_IMPLEMENTED')
    expect(error.message).toContain('unsupported')
    expect(isDigest(text)).toBe(false)
  })

  it('R18: returns only text that is safe in a path, a URL and a key, whatever the input', () => {
    const almost = fc.tuple(digests, fc.nat(140), codeUnits)
    const spoilt = almost.map(
      ([digest, at, text]) => digest.slice(0, at) + text + digest.slice(at + text.length),
    )
    fc.assert(
      fc.property(fc.oneof(spoilt, codeUnits), (text) => {
        const accepted = isDigest(text)
        expect(accepted).toBe(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text))
        if (accepted) expect(parseDigest(text)).toBe(text)
        else expect(codeThrown(() => parseDigest(text))).toMatch(/^(INVALID_ARGUMENT|NOT_IMPLEMENTED)$/)
      }),
      { numRuns: 200 },
    )
  })

  it('R26: quotes a refused text as one short line', () => {
    const { message } = failure(() => parseDigest(`\u001b[2J${'x\n'.repeat(10_000)}`))
    expect(message).not.toMatch(/\p{Cc}/u)
    expect(message.length).toBeLessThan(250)
  })
})

describe('computing a digest', () => {
  it('computes the digest of no bytes', () => {
    expect(digestOf('')).toBe(`sha256:${hex64}`)
    expect(digestOf('', 'sha512')).toBe(`sha512:${hex128}`)
  })

  it.each(algorithms)('comes to the same piece by piece (%s)', (algorithm) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
        const digester = new Digester(algorithm)
        for (const chunk of chunks) digester.update(chunk)
        const whole = Buffer.concat(chunks)
        expect(digester.size).toBe(whole.byteLength)
        expect(digester.digest()).toBe(digestOf(whole, algorithm))
      }),
    )
  })

  it('mints digests that parse', () => {
    const minted: Digest[] = algorithms.map((algorithm) => digestOf('x', algorithm))
    expect(minted.map((digest) => parseDigest(digest))).toEqual(minted)
    expect(minted.map(algorithmOf)).toEqual(algorithms)
  })
})
