import { bareDescriptor, digestOf, formatPlatform, mediaTypes, parseDescriptor } from '@dist/oci'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codeThrown, failure } from './codes.js'

const digest = digestOf('layer')
const good = { mediaType: mediaTypes.ociLayerGzip, digest, size: 5 }
const parse = (value: unknown) => parseDescriptor(value, 'layers[0]')

describe('parseDescriptor', () => {
  it('reads the three required members', () => {
    expect(parse(good)).toEqual(good)
  })

  it('reads optional members, and drops unknown ones', () => {
    const optional = {
      urls: ['https://example.com/layer'],
      annotations: { 'org.opencontainers.image.title': 'x' },
      data: 'bGF5ZXI=',
      artifactType: 'application/x',
      platform: {
        os: 'windows',
        architecture: 'amd64',
        'os.version': '10.0.17763',
        'os.features': ['win32k'],
      },
    }
    expect(parse({ ...good, ...optional, unknown: 1 })).toEqual({ ...good, ...optional })
  })

  it('takes zero bytes for a size', () => {
    expect(parse({ ...good, size: 0 }).size).toBe(0)
  })

  it.each([
    ['-1', '-1'],
    ['1.5', '1.5'],
    ['2^53', '9007199254740992'],
    ['2^53+1', '9007199254740993'],
    ['beyond a double', '1e400'],
    ['"12"', '"12"'],
    ['null', 'null'],
    ['true', 'true'],
    ['a list', '[12]'],
    ['an object', '{"toString":1}'],
    ['a list deeper than the stack', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['a long string', `"${'1'.repeat(1_000_000)}"`],
  ])('R17: refuses a size of %s', (_, json) => {
    const error = failure(() => parse({ ...good, size: JSON.parse(json) }))
    expect(error.code).toBe('MALFORMED')
    expect(error.message).toMatch(/^layers\[0\]\.size is .{1,45}, not a size in bytes$/)
  })

  it('R17: refuses a size that is missing', () => {
    const { size: _, ...rest } = good
    expect(failure(() => parse(rest)).message).toBe('layers[0].size is missing, not a size in bytes')
  })

  it('R17: no number but a whole one from 0 to 2^53-1 is a size', () => {
    fc.assert(
      fc.property(fc.double(), (size) => {
        const isSize = Number.isInteger(size) && size >= 0 && size < 2 ** 53
        if (isSize) expect(parse({ ...good, size }).size).toBe(size)
        else expect(codeThrown(() => parse({ ...good, size }))).toBe('MALFORMED')
      }),
    )
  })

  it.each([
    ['sha256:../../x', 'MALFORMED'],
    [`sha256:${'A'.repeat(64)}`, 'MALFORMED'],
    [undefined, 'MALFORMED'],
    [12, 'MALFORMED'],
    ['sha384:abcdef', 'NOT_IMPLEMENTED'],
  ])('R18: refuses the digest %s, naming its place', (bad, code) => {
    const error = failure(() => parse({ ...good, digest: bad }))
    expect(error.code).toBe(code)
    expect(error.message).toContain('layers[0].digest')
  })

  it.each([
    ['is missing', undefined],
    ['is no string', 1],
    ['is longer than 255 characters', `application/${'x'.repeat(255)}`],
    ['could end a header', 'application/x\r\nSet-Cookie: a=b'],
    ['could move the cursor', 'application/\u001b[2J'],
  ])('refuses a media type that %s', (_, mediaType) => {
    expect(codeThrown(() => parse({ ...good, mediaType }))).toBe('MALFORMED')
  })

  it.each([null, [], 'x', 1, undefined])('refuses %j, which is no object', (value) => {
    expect(codeThrown(() => parse(value))).toBe('MALFORMED')
  })

  it.each([
    ['is null', null],
    ['is empty', {}],
    ['is no object', 'linux/amd64'],
    ['is a list', ['linux', 'amd64']],
    ['lacks an architecture', { os: 'linux' }],
    ['lacks an os', { architecture: 'amd64' }],
    ['has empty names', { os: '', architecture: '' }],
    ['has a blank name', { os: 'linux', architecture: '  ' }],
    ['has a name that is no string', { os: 'linux', architecture: 64 }],
    ['hides a second part', { os: 'linux/arm', architecture: 'v7' }],
    ['has two names in one', { os: 'linux', architecture: 'arm64\nx' }],
    ['is very long', { os: 'linux', architecture: 'x'.repeat(1000) }],
    ['has an odd variant', { os: 'linux', architecture: 'arm', variant: 'v7/../x' }],
    ['has a variant that is an object', { os: 'linux', architecture: 'arm', variant: {} }],
  ])('takes a platform that %s for none', (_, platform) => {
    expect(parse({ ...good, platform })).toEqual(good)
  })

  it.each([
    [{ os: ' linux ', architecture: 'arm64\n' }, 'linux/arm64'],
    [{ os: 'Linux', architecture: 'AMD64', variant: null }, 'linux/amd64'],
    [{ os: 'linux', architecture: 'arm', variant: ' V6 ' }, 'linux/arm/v6'],
    [{ os: 'linux', architecture: 'arm', variant: 6 }, 'linux/arm/v6'],
    [{ os: 'linux', architecture: 'arm', variant: '' }, 'linux/arm/v7'],
  ])('reads the platform %j as %s', (platform, text) => {
    const read = parse({ ...good, platform }).platform
    expect(read && formatPlatform(read)).toBe(text)
  })

  it.each([
    ['Application/VND.oci.image.Layer.v1.tar+GZIP', mediaTypes.ociLayerGzip],
    [`  ${mediaTypes.dockerManifest} `, mediaTypes.dockerManifest],
    [`${mediaTypes.ociIndex}; charset=utf-8`, mediaTypes.ociIndex],
    [mediaTypes.dockerForeignLayerGzip.toUpperCase(), mediaTypes.dockerForeignLayerGzip],
    ['Application/X-Mine; a=B', 'Application/X-Mine; a=B'],
    ['', ''],
  ])('reads the media type "%s" as "%s"', (mediaType, known) => {
    expect(parse({ ...good, mediaType }).mediaType).toBe(known)
  })

  it('keeps only strings of annotations and urls, also under names that objects have of their own', () => {
    const value = JSON.parse('{"__proto__":"a","constructor":"b","n":1,"o":{}}')
    const { annotations, urls } = parse({ ...good, annotations: value, urls: ['u', 1, null] })
    expect(Object.entries(annotations ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    expect(Object.getPrototypeOf(annotations)).toBe(Object.prototype)
    expect(urls).toEqual(['u'])
  })

  it('whatever JSON comes in, a descriptor or a named error comes out', () => {
    const almost = fc.record(
      {
        mediaType: fc.jsonValue(),
        digest: fc.oneof(fc.constant(digest), fc.jsonValue()),
        size: fc.jsonValue(),
        platform: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(almost, fc.jsonValue()), (value) => {
        try {
          expect(parse(value).size).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(MALFORMED|NOT_IMPLEMENTED)$/) })
        }
      }),
    )
  })
})

describe('bareDescriptor', () => {
  it('keeps media type, digest and size', () => {
    expect(bareDescriptor(parse({ ...good, annotations: { a: 'b' }, data: '' }))).toEqual(good)
  })
})
