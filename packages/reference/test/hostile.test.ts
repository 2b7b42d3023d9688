import { digestOf } from '@dist/oci'
import { formatReference, parseReference, parseTag } from '@dist/reference'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const digest = digestOf('x')
const hex = digest.slice(7)
const usageError = (message = '') =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })

describe('parseReference refuses', () => {
  it.each([
    ['nothing', ''],
    ['a tag alone', ':latest'],
    ['a digest alone', digest],
    ['a digest behind nothing', `@${digest}`],
    ['the digits of a digest', hex],
    ['an empty tag', 'alpine:'],
    ['a tag of 129 characters', `alpine:${'a'.repeat(129)}`],
    ['a tag that begins with a dash', 'alpine:-x'],
    ['a tag that begins with a dot', 'alpine:.x'],
    ['two tags', 'alpine:a:b'],
    ['a repository of 256 bytes', `quay.io/${'a'.repeat(256)}`],
    ['a repository of 256 bytes with what is added to it', 'a'.repeat(248)],
    ['an uppercase repository', 'quay.io/Alpine'],
    ['an uppercase name without slash', 'Alpine:1'],
    ['two dots', '../etc/passwd'],
    ['two dots behind a host', 'quay.io/../x'],
    ['one dot', 'quay.io/./x'],
    ['two dots within a part', 'quay.io/a..b'],
    ['an escaped dot', 'quay.io/%2e%2e/x'],
    ['an escape in the tag', 'alpine:%2e'],
    ['a line break', 'alpine\n'],
    ['a line break behind the tag', 'alpine:3\n'],
    ['a line break behind the digest', `alpine@${digest}\n`],
    ['a line break in the host', 'quay.io\n/a'],
    ['NUL', 'alp\0ine'],
    ['a space', 'alpine 3'],
    ['a zero-width space', 'al\u200bpine'],
    ['a letter that only looks so', '\u0430lpine'],
    ['a user', 'user@quay.io/a'],
    ['a user and a password', 'user:secret@quay.io/a'],
    ['a query', 'quay.io/a?x=1'],
    ['a fragment', 'quay.io/a#b'],
    ['a backslash', 'quay.io\\a/b'],
    ['an empty part', 'quay.io//a'],
    ['a slash at the end', 'quay.io/a/'],
    ['a host alone', 'quay.io/'],
    ['a slash at the beginning', '/a'],
    ['three underscores', 'a___b'],
    ['mixed separators', 'quay.io/a-.b'],
    ['a separator at the end', 'a-'],
    ['a separator at the beginning', '-a/b'],
    ['underscores alone', '____/____'],
    ['a digest too short', `alpine@sha256:${'f'.repeat(34)}`],
    ['an uppercase digest', `alpine@sha256:${hex.toUpperCase()}`],
    ['a path for a digest', 'alpine@sha256:../../x'],
    ['two digests', `alpine@${digest}@${digest}`],
    ['a tag behind the digest', `alpine@${digest}:3`],
    ['a megabyte of slashes', 'a/'.repeat(500_000)],
    ['a megabyte of one part', `${'a-'.repeat(500_000)}!`],
  ])('R20: %s', (_, text) => {
    expect(() => parseReference(text)).toThrow(usageError())
  })

  it.each(['https://quay.io/a', 'docker://alpine', 'oci:///tmp/x', 'file:///etc/passwd'])(
    'R20: a scheme (%s)',
    (text) => {
      expect(() => parseReference(text)).toThrow(usageError('scheme'))
    },
  )

  it.each([
    ['an underscore', 'foo_bar.com/a'],
    ['a dash at its end', 'foo-.com/a'],
    ['a dash at its beginning', '-foo.com/a'],
    ['two dots', 'foo..com/a'],
    ['a dot at its end', 'foo.com./a'],
    ['no name before the port', ':5000/a'],
    ['an empty port', 'foo.com:/a'],
    ['port 0', 'foo.com:0/a'],
    ['port 65536', 'foo.com:65536/a'],
    ['a port that is no number', 'foo.com:http/a'],
    ['an IPv6 address without brackets', 'fc00::1:5000/a'],
    ['an IPv6 address with a zone', '[fe80::1%eth0]:5000/a'],
    ['a dotted IPv6 address', '[::ffff:127.0.0.1]/a'],
    ['brackets with nothing in them', '[]/a'],
    ['colons alone', '[:::]/a'],
    ['a bracket left open', '[::1/a'],
    ['more than 255 characters', `${'a'.repeat(250)}.example/a`],
    ['punycode that says nothing', 'xn--a.com/a'],
    // All of these are 127.0.0.1 to whatever opens a URL.
    ['an address of two numbers', '127.1/a'],
    ['a hexadecimal address', '0x7f.0.0.1/a'],
    ['an octal address', '0177.0.0.1/a'],
    ['an address of one number', '2130706433:80/a'],
    ['an address beyond 255', '256.1.1.1/a'],
    ['a label of digits at its end', 'example.5/a'],
  ])('R20: a host with %s', (_, text) => {
    expect(() => parseReference(text)).toThrow(usageError())
  })

  it('R18: an unknown digest algorithm, as unsupported', () => {
    expect(() => parseReference(`alpine@sha384:${hex}`)).toThrow(usageError('unsupported'))
  })

  it('R26: without moving the cursor or repeating a password', () => {
    const typed = [
      'https://user:secret@quay.io/a',
      'user:secret@quay.io/a:1',
      'user:secret@quay.io',
      'user:secret@quay.io:5000',
      'user:se/secret@quay.io/a',
      'user:@secret@quay.io/a',
      `user:secret@quay.io/a@sha256:${hex}`,
      'user:secret@quay.io/A',
      'user:secret@',
    ]
    for (const text of [...typed, `quay.io/\u001b[2J${'x\n'.repeat(10_000)}`]) {
      const message = expect.not.stringMatching(/\p{Cc}|secret|.{500}/u)
      expect(() => parseReference(text)).toThrow(expect.objectContaining({ message }))
    }
  })
})

describe('whatever comes in', () => {
  const alphabet = fc.constantFrom(
    'a',
    'B',
    '0',
    '.',
    '-',
    '_',
    ':',
    '/',
    '@',
    '[',
    ']',
    '%',
    '\n',
    '..',
    'docker.io',
    'localhost',
  )
  const texts = fc.oneof(
    fc.array(alphabet, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary' }),
  )

  it('R20: throws a usage error, or returns a reference that is safe in a URL and parses again', () => {
    fc.assert(
      fc.property(texts, (text) => {
        let full: string
        try {
          full = formatReference(parseReference(text))
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
          return
        }
        expect(formatReference(parseReference(full))).toBe(full)
        const { host, repository } = parseReference(full)
        const url = new URL(`https://${host}/v2/${repository}/manifests/x`)
        expect(url.pathname).toBe(`/v2/${repository}/manifests/x`)
        expect([url.username, url.password, url.search, url.hash]).toEqual(['', '', '', ''])
      }),
      { numRuns: 1000 },
    )
  })

  it('R20: a host is the same host in a URL', () => {
    const hosts = fc.oneof(
      fc.webAuthority({ withPort: true }),
      fc.ipV4(),
      fc.ipV4Extended(),
      fc.ipV6().map((ip) => `[${ip}]`),
    )
    fc.assert(
      fc.property(hosts, (host) => {
        let parsed: string
        try {
          parsed = parseReference(`${host}/a`).host
        } catch {
          return
        }
        fc.pre(!parsed.startsWith('[') && /[.:]/.test(parsed))
        expect(new URL(`https://${parsed}/`).hostname).toBe(parsed.replace(/:\d+$/, ''))
      }),
      { numRuns: 500 },
    )
  })
})

describe('parseTag', () => {
  it('gives back a tag', () => {
    expect(parseTag('v1.0_x-Y')).toBe('v1.0_x-Y')
  })

  it.each(['', '-x', '.x', 'a/b', 'a:b', 'a@b', 'a\n', 'ä', 'a'.repeat(129)])('refuses %j', (tag) => {
    expect(() => parseTag(tag)).toThrow(usageError('is not a tag'))
  })
})
