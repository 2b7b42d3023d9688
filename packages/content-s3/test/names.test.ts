import { formatImage, parseImage } from '@dist/content'
import { digestOf, mediaTypes } from '@dist/oci'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameKey } from '../src/names/document.js'

describe('the key of a name', () => {
  it.each([
    ['docker.io/library/alpine:3.20', 'docker.io!2flibrary!2falpine!3a3.20'],
    ['a@sha256:0', 'a!40sha256!3a0'],
    ['..', '!2e.'],
    ['a!2fb', 'a!212fb'],
    ['ä', '!c3!a4'],
  ])('of %s is %s', (name, key) => {
    expect(nameKey(name)).toBe(key)
  })

  it('is unique for each name, safe in keys and file names, and bounded', () => {
    const part = fc.constantFrom('a', '/', ':', '!', '.', '2', 'f', 'x'.repeat(70), 'ä', '\n')
    const name = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(name, (text) => {
        const key = nameKey(text)
        expect(seen.get(key) ?? text).toBe(text)
        seen.set(key, text)
        expect(key).toMatch(/^[A-Za-z0-9._!-]{0,200}$/)
      }),
      { numRuns: 2000 },
    )
  })

  it('differs for long names with the same beginning', () => {
    const long = 'example.com/'.padEnd(400, 'a/')
    expect(nameKey(`${long}:1`)).not.toBe(nameKey(`${long}:2`))
  })
})

describe('the document of a name', () => {
  const desc = { mediaType: mediaTypes.ociIndex, digest: digestOf('x'), size: 1, annotations: { a: 'b' } }

  it.each(['all' as const, ['linux/amd64', 'linux/arm64'], []])(
    'keeps all members, with selection %j',
    (selection) => {
      const image = { name: 'docker.io/library/alpine:3.20', desc, selection }
      expect(parseImage(formatImage(image), 's3://bucket/names/a')).toEqual(image)
    },
  )

  it('is plain JSON', () => {
    const document = formatImage({ name: 'a', desc, selection: 'all' })
    expect(JSON.parse(Buffer.from(document).toString())).toEqual({
      name: 'a',
      descriptor: desc,
      selection: 'all',
    })
  })

  it.each(['', '{', 'null', '{}', '{"name":1}', '{"name":"a","selection":"all","descriptor":{"size":-1}}'])(
    '%s is MALFORMED, with the URL of the object',
    (document) => {
      const parse = () => parseImage(Buffer.from(document), 's3://bucket/names/a')
      expect(parse).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
      expect(parse).toThrow('s3://bucket/names/a')
    },
  )
})
