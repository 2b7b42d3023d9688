import { redactUrl, sanitize, withSubject } from '@dist/errdefs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

describe('redactUrl', () => {
  it.each([
    ['https://user:secret@example.com/v2/', 'https://example.com/v2/'],
    ['https://token@example.com:5000/v2/', 'https://example.com:5000/v2/'],
    ['https://s3.example.com/b/k?X-Amz-Signature=secret&x=1', 'https://s3.example.com/b/k?…'],
    ['https://example.com/a#secret', 'https://example.com/a'],
    ['redis://:secret@example.com:6379/0', 'redis://example.com:6379/0'],
    ['http://[::1]:5000/v2/', 'http://[::1]:5000/v2/'],
  ])('R26: shows %s as %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown)
    expect(redactUrl(new URL(url))).toBe(shown)
  })

  it('R26: repeats nothing of a malformed URL', () => {
    expect(redactUrl('https://user:secret')).toBe('(malformed URL)')
    expect(redactUrl('secret')).toBe('(malformed URL)')
  })
})

const codeUnits = fc.array(fc.nat(0xffff), { maxLength: 300 }).map((units) => String.fromCharCode(...units))

describe('sanitize', () => {
  it('keeps plain text of any script unchanged', () => {
    expect(sanitize('manifest unknown: größer, 世界, 🐳')).toBe('manifest unknown: größer, 世界, 🐳')
  })

  it.each([
    ['a line break', 'a\nb', 'a\\nb'],
    ['a tab', 'a\tb', 'a\\tb'],
    ['a carriage return', 'a\rb', 'a\\u{d}b'],
    ['a terminal sequence', '\u001b[2Jgone', '\\u{1b}[2Jgone'],
    ['a C1 control', 'a\u009bb', 'a\\u{9b}b'],
    ['NUL', 'a\0b', 'a\\u{0}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['a change of the writing direction', 'a\u202etxt.exe', 'a\\u{202e}txt.exe'],
    ['an isolate', 'a\u2066b\u2069', 'a\\u{2066}b\\u{2069}'],
    ['a zero-width space', 'al\u200bpine', 'al\\u{200b}pine'],
    ['a byte order mark', '\ufeffa', '\\u{feff}a'],
    ['an invisible letter', 'a\u3164b', 'a\\u{3164}b'],
    ['an interlinear annotation mark', 'a\ufff9b', 'a\\u{fff9}b'],
    ['an unpaired surrogate', 'a\ud800b', 'a\\u{d800}b'],
    ['a tag character', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ])('R26: escapes %s', (_, text, shown) => {
    expect(sanitize(text)).toBe(shown)
  })

  it('R26: cuts text of any length at the limit', () => {
    expect(sanitize('a'.repeat(300))).toHaveLength(300)
    expect(sanitize('a'.repeat(301))).toBe(`${'a'.repeat(299)}…`)
    expect(sanitize('\n'.repeat(50_000_000), 100)).toHaveLength(100)
  })

  it('R26: does not split a character', () => {
    expect(sanitize('🐳'.repeat(10), 6)).toBe('🐳🐳…')
  })

  it('R26: removes credentials and signatures from every URL in a text', () => {
    const text =
      'Get "https://u:secret@a.example/v2/?sig=secret": redirected to http://b.example/?token=secret now'
    expect(sanitize(text)).toBe('Get "https://a.example/v2/?…": redirected to http://b.example/?… now')
  })

  it('R26: removes a password from a URL that is cut off', () => {
    // Cut off before the "@", user and password would look like host and port.
    for (let padding = 0; padding < 60; padding++) {
      const text = `https://x.example/?${'q'.repeat(330 + padding)} https://user:12345678@host.example/`
      expect(sanitize(text, 100)).not.toContain('123')
    }
  })

  it('R26: turns any input into one printable line within the limit', () => {
    fc.assert(
      fc.property(codeUnits, fc.integer({ min: 1, max: 100 }), (text, limit) => {
        const line = sanitize(text, limit)
        expect(line.length).toBeLessThanOrEqual(limit)
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      }),
    )
  })

  it('R26: never repeats a password', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9._~-]{8,20}$/)
    fc.assert(
      fc.property(word, word, (password, signature) => {
        const line = sanitize(`see https://user:S3${password}@r.example/a?s=S3${signature} or ask`)
        expect(line).not.toContain('S3')
      }),
    )
  })
})

describe('withSubject', () => {
  const digest = `sha256:${'0a'.repeat(32)}`
  const other = `sha256:${'0b'.repeat(32)}`

  it.each([
    ['a.test/x:1', 'no such tag', 'a.test/x:1: no such tag'],
    ['a.test/x:1', 'a.test/x:1: no such tag', 'a.test/x:1: no such tag'],
    [digest, `${digest}: does not verify`, `${digest}: does not verify`],
    [digest, `blob ${digest} of a.test/x: gone`, `${digest}: gone`],
    [`a.test/x@${digest}`, `manifest ${digest}: gone`, `a.test/x@${digest}: gone`],
    [`a.test/x@${digest}`, `${other}: gone`, `a.test/x@${digest}: ${other}: gone`],
    [`layer ${digest}`, `${digest}: gone`, `layer ${digest}: gone`],
  ])('%s, %s', (subject, message, line) => {
    expect(withSubject(subject, message)).toBe(line)
  })
})
