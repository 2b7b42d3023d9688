import { type Descriptor, digestOf, embeddedContent, mediaTypes } from '@dist/oci'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

function embed(content: Uint8Array, more: Partial<Descriptor> = {}): Descriptor {
  const data = Buffer.from(content).toString('base64')
  const size = content.byteLength
  return { mediaType: mediaTypes.ociConfig, digest: digestOf(content), size, data, ...more }
}

describe('embeddedContent', () => {
  it.each(['sha256', 'sha512'] as const)('is the embedded content (%s)', (algorithm) => {
    fc.assert(
      fc.property(fc.uint8Array(), (content) => {
        const desc = embed(content, { digest: digestOf(content, algorithm) })
        expect(Buffer.from(embeddedContent(desc) ?? 'x').equals(content)).toBe(true)
      }),
    )
  })

  it('is empty, not absent, for no bytes', () => {
    expect(embeddedContent(embed(Buffer.alloc(0)))?.byteLength).toBe(0)
  })

  const content = Buffer.from('{"a":1}')
  it.each([
    ['is absent', { data: undefined }],
    ['is of another size', { size: 8 }],
    ['is of another digest', { digest: digestOf('x') }],
    ['has one byte flipped', { data: Buffer.from('{"a":2}').toString('base64') }],
    ['is no base64', { data: '!!!' }],
    ['is longer than any manifest', { data: 'A'.repeat(20_000_000) }],
  ])('R19: counts for nothing when it %s', (_, more) => {
    const { data: _data, ...rest } = embed(content)
    const desc = 'data' in more && more.data === undefined ? rest : { ...embed(content), ...more }
    expect(embeddedContent(desc as Descriptor)).toBeUndefined()
  })
})
