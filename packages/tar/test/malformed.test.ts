import { base256, paxRecords, type TarEntry, tarArchive, tarPadding } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { ends, entriesOf, extension, rejection } from './support.js'

describe('a malformed archive', () => {
  const cases: readonly (readonly [what: string, entry: TarEntry])[] = [
    ['a wrong checksum', { path: 'a', raw: { checksum: '0000001\0' } }],
    ['an invalid size', { path: 'a', raw: { size: '12x45678901\0' } }],
    ['a negative size', { path: 'a', raw: { size: Buffer.alloc(12, 0xff) } }],
    ['a size that is too large', { path: 'a', raw: { size: base256(2n ** 80n, 12) } }],
    ['a negative owner', { path: 'a', raw: { uid: Buffer.alloc(8, 0xff) } }],
    ['an invalid mode', { path: 'a', raw: { mode: '0o644\0' } }],
    ['an invalid device number', { path: 'a', type: 'block', raw: { major: '9\0' } }],
    ['a PAX size of -1', { path: 'a', pax: { size: '-1' } }],
    ['a PAX size with an exponent', { path: 'a', pax: { size: '1e3' } }],
    ['a PAX size that is too large', { path: 'a', pax: { size: '99999999999999999999' } }],
    ['an invalid PAX mtime', { path: 'a', pax: { mtime: 'yesterday' } }],
    ['a NUL in a PAX path', { path: 'a', pax: { path: 'a\0b' } }],
    ['a NUL in a PAX linkpath', { path: 'a', link: 'b', pax: { linkpath: 'a\0b' } }],
    ['no name', { path: '' }],
  ]

  it.each(cases)('%s is an error', async (_, entry) => {
    expect(await rejection(entriesOf(tarArchive([entry])))).toMatchObject({ code: 'MALFORMED' })
  })

  it.each(['5 a=b\n', '7 a=b\n', 'x a=b\n', '6 a=b', '5 ab\n', '5 =b\n', '99999999999 a=b\n', '-6 a=b\n'])(
    'a PAX record %j is an error',
    async (record) => {
      const archive = Buffer.concat([extension('x', Buffer.from(record)), tarArchive([{ path: 'a' }])])
      expect(await rejection(entriesOf(archive))).toMatchObject({ code: 'MALFORMED' })
    },
  )

  it('a single empty block between headers is an error', async () => {
    const archive = Buffer.concat([new Uint8Array(512), tarArchive([{ path: 'a' }])])
    expect(await rejection(entriesOf(archive))).toMatchObject({ code: 'MALFORMED' })
  })

  it('an extension header without an entry is an error', async () => {
    const archive = Buffer.concat([extension('x', paxRecords({ path: 'a' })), ends])
    expect(await rejection(entriesOf(archive))).toMatchObject({ code: 'MALFORMED' })
  })

  it.each(['hello, I am no archive', '<!doctype html>'.padEnd(2000, ' ')])(
    '%j is not an archive',
    async (text) => {
      expect(await rejection(entriesOf(Buffer.from(text)))).toMatchObject({ code: 'MALFORMED' })
    },
  )

  it('L12: sparse files and types that images do not contain are not supported, and named', async () => {
    for (const flag of ['S', 'D', 'M', 'V', 'Z']) {
      const error = await rejection(entriesOf(tarArchive([{ path: 'some/file', raw: { flag } }])))
      expect(error).toMatchObject({ code: 'NOT_IMPLEMENTED', message: expect.stringContaining('some/file') })
    }
    const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '10' }
    const error = await rejection(entriesOf(tarArchive([{ path: 'holes', pax }])))
    expect(error).toMatchObject({ code: 'NOT_IMPLEMENTED', message: expect.stringContaining('sparse') })
  })

  it('an extension of more than 1 MiB is not read into memory', async () => {
    const long = extension('L', Buffer.alloc(2 ** 20 + 1, 'a'))
    const archive = Buffer.concat([long, tarPadding(0), tarArchive([{ path: 'a' }])])
    expect(await rejection(entriesOf(archive))).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  })
})
