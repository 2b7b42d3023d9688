import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { DistError } from '@dist/errdefs'
import { decompress } from '@dist/tar'
import { gzipMembers, tarArchive, zstdFrame } from '@dist/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentOf, pieces, rejection } from './support.js'

const content = Buffer.concat([Buffer.alloc(200_000, 'dist '), randomBytes(5000), Buffer.alloc(3_000_000)])
const small = Buffer.concat([Buffer.alloc(200, 'dist '), randomBytes(100)])

/** Of a property. */
const numRuns = 40

/** RFC 8878, 3.1.2. */
function skippableFrame(size: number): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184d2a50, 0)
  header.writeUInt32LE(size, 4)
  return Buffer.concat([header, randomBytes(size)])
}

const zstdFrames = Buffer.concat([
  zstdFrame(content.subarray(0, 1000)),
  skippableFrame(77),
  zstdFrame(content.subarray(1000)),
  skippableFrame(0),
])

function read(bytes: Uint8Array, cuts: readonly number[] = []): Promise<Buffer> {
  return contentOf(decompress(pieces(bytes, cuts)))
}

describe('L14: a stream', () => {
  it.each([
    ['plain', content],
    ['gzip', gzipSync(content)],
    ['gzip of many members', gzipMembers(content, 7)],
    ['zstd', zstdFrame(content)],
    ['zstd of many frames, some skippable', zstdFrames],
    ['zstd that begins with a skippable frame', Buffer.concat([skippableFrame(9), zstdFrame(content)])],
    ['zstd of high level', execFileSync('zstd', ['-q', '-c', '-19'], { input: content })],
    ['zstd without a size', execFileSync('sh', ['-c', 'cat | zstd -q -c --no-check'], { input: content })],
  ])('of %s is decompressed', async (_, stream) => {
    expect((await read(stream)).equals(content)).toBe(true)
  })

  it.each([
    ['plain', small],
    ['gzip', gzipMembers(small, 3)],
    [
      'zstd',
      Buffer.concat([zstdFrame(small.subarray(0, 70)), skippableFrame(3), zstdFrame(small.subarray(70))]),
    ],
  ])('of %s gives the same content for all chunk sizes', async (_, stream) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(stream.byteLength), { maxLength: 20 }), async (cuts) => {
        expect((await read(stream, cuts)).equals(small)).toBe(true)
      }),
      { numRuns },
    )
    expect((await read(stream, Array.from(stream.keys()))).equals(small)).toBe(true)
  })

  it.each([
    ['gzip', gzipSync(small)],
    ['zstd', zstdFrame(small)],
  ])('of %s, truncated at any byte, is an error', async (format, stream) => {
    // With fewer than four bytes the format is unknown.
    for (let length = 4; length < stream.byteLength; length++)
      expect(await rejection(read(stream.subarray(0, length)))).toMatchObject({
        code: 'MALFORMED',
        message: expect.stringContaining(`the ${format} stream`),
      })
  })

  it.each([
    ['gzip', gzipSync(small)],
    ['zstd', zstdFrame(small)],
  ])('of %s with other data after its end is an error', async (_, stream) => {
    for (const rest of [Buffer.from('something else'), Buffer.alloc(3000)])
      expect(await rejection(read(Buffer.concat([stream, rest])))).toMatchObject({
        code: 'MALFORMED',
        message: expect.stringMatching(/after its end|is damaged/),
      })
  })

  it.each([
    ['gzip', gzipSync(small)],
    ['zstd', zstdFrame(small)],
  ])('of %s with a changed byte gives a DistError or other content', async (_, stream) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 4, max: stream.byteLength - 1 }), fc.nat(255), async (at, byte) => {
        const changed = Uint8Array.from(stream)
        changed[at] = byte
        const outcome = await read(changed).catch((error: unknown) => error)
        expect(Buffer.isBuffer(outcome) || outcome instanceof DistError).toBe(true)
      }),
      { numRuns },
    )
  })

  it.each([
    ['xz', 'fd377a585a000004'],
    ['bzip2', '425a6839314159265359'],
    ['lz4', '04224d186440a7'],
    ['lzip', '4c5a49500100'],
    ['compress', '1f9d9061'],
  ])('of %s is not supported, and named', async (format, magic) => {
    const error = await rejection(read(Buffer.from(magic, 'hex')))
    expect(error).toMatchObject({ code: 'NOT_IMPLEMENTED', message: expect.stringContaining(format) })
  })

  it('that is empty, short or of unknown format is unchanged', async () => {
    const named = tarArchive([{ path: 'BZh9 notes' }, { path: 'LZIP' }])
    for (const bytes of [Buffer.alloc(0), Buffer.from('x'), named, brotliCompressSync(small)])
      expect((await read(bytes)).equals(bytes)).toBe(true)
  })

  it('L13: of zstd with a window of more than 128 MiB is refused', async () => {
    const frame = Buffer.from(zstdFrame(small))
    // No single segment, no content size; then the window as exponent and mantissa: 2^(10 + 18).
    const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3])
    const error = await rejection(read(Buffer.concat([header, frame.subarray(6)])))
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: expect.stringContaining('window') })
  })

  it('closes its source when the reading stops, and throws the error of the source', async () => {
    for (const stream of [small, gzipSync(content), zstdFrame(content)]) {
      let closed = false
      async function* source(): AsyncGenerator<Uint8Array> {
        try {
          yield stream
          yield* pieces(stream, [])
        } finally {
          closed = true
        }
      }
      for await (const _ of decompress(source())) break
      expect(closed).toBe(true)
      const broken = new DistError('UNAVAILABLE', 'gone')
      async function* breaks(): AsyncGenerator<Uint8Array> {
        yield stream.subarray(0, 50)
        throw broken
      }
      expect(await rejection(contentOf(decompress(breaks())))).toBe(broken)
    }
  })
})
