import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Chunked, type Framing, FramingError, OfLength } from '../../src/receive/framing.js'

/** Feeds bytes in pieces of such sizes; what was not taken stays. */
function feed(framing: Framing, bytes: Buffer, sizes: readonly number[] = []) {
  const content: Buffer[] = []
  let at = 0
  for (let i = 0; at < bytes.byteLength && !framing.isOver; i++) {
    const piece = bytes.subarray(at, at + (sizes[i % sizes.length] ?? bytes.byteLength))
    at += framing.take(piece, (part) => content.push(Buffer.from(part)))
  }
  return { content: Buffer.concat(content), rest: bytes.subarray(at) }
}

const chunked = (...lines: string[]) => Buffer.from(lines.join('\r\n'), 'latin1')

test('a body of known length ends there, and leaves what follows', () => {
  const framing = new OfLength(5)
  const { content, rest } = feed(framing, Buffer.from('helloHTTP/1.1'))
  expect([content.toString(), rest.toString(), framing.isOver]).toEqual(['hello', 'HTTP/1.1', true])
})

test('chunks, extensions and trailers are framing, however the bytes arrive', () => {
  const bytes = chunked('5;name="a"', 'hello', '0A ', '0123456789', '0', 'x-trailer: 1', '', '')
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sizes) => {
      const framing = new Chunked()
      const { content, rest } = feed(framing, Buffer.concat([bytes, Buffer.from('next')]), sizes)
      // Bytes that were not fed are a part of what follows.
      expect(content.toString()).toBe('hello0123456789')
      expect([rest.toString(), framing.isOver]).toEqual(['next', true])
    }),
  )
})

test.each([
  ['a size that is none', chunked('five', 'hello')],
  ['an empty size', chunked('', 'hello')],
  ['a negative size', chunked('-5', 'hello')],
  ['a size with a prefix', chunked('0x5', 'hello')],
  ['a size beyond all content', chunked('FFFFFFFFFFFFFFFF', 'hello')],
  ['a chunk that is longer than its size', chunked('3', 'hello', '0', '', '')],
  ['a line without CR', Buffer.from('5\nhello\r\n0\r\n\r\n')],
  ['an endless size', Buffer.alloc(2000, '0')],
  ['an endless extension', Buffer.from(`5;${'x'.repeat(2000)}`)],
  ['endless trailers', chunked('0', ...Array(40).fill(`a: ${'x'.repeat(1000)}`))],
])('%s is refused', (_what, bytes) => {
  expect(() => feed(new Chunked(), bytes)).toThrow(FramingError)
})
