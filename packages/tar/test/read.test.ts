import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DistError } from '@dist/errdefs'
import { readTar } from '@dist/tar'
import { paxRecords, type TarEntry, tarArchive } from '@dist/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentOf, ends, entriesOf, extension, headerOf, pieces, rejection } from './support.js'

describe('an entry', () => {
  it('has all fields of its header', async () => {
    const full: TarEntry = { path: 'a', content: 'hello', mode: 0o4755, uid: 7, gid: 8, mtime: 5 }
    const device: TarEntry = { path: 'n', type: 'character', major: 1, minor: 300 }
    const seen = await entriesOf(tarArchive([full, { path: 'l', link: 'a' }, device]))
    expect(seen.map(({ header }) => header)).toMatchObject([
      { name: 'a', type: 'file', size: 5, mode: 0o4755, uid: 7, gid: 8, mtime: 5, linkname: '', devminor: 0 },
      { name: 'l', type: 'symlink', linkname: 'a', size: 0 },
      { name: 'n', type: 'character-device', devmajor: 1, devminor: 300 },
    ])
    expect(seen[0]?.content.toString()).toBe('hello')
  })

  it.each(['pax', 'gnu'] as const)('has a long name and a long link in %s format', async (long) => {
    const path = `${'directory/'.repeat(30)}ä`
    const header = await headerOf(tarArchive([{ path, link: path, long }]))
    expect(header).toMatchObject({
      name: path,
      linkname: path,
      rawName: Buffer.from(path).toString('latin1'),
    })
  })

  it('keeps the bytes of a name that is not UTF-8', async () => {
    const names = [Buffer.from([0xe4, 0x62]), Buffer.alloc(300, 0xff), Buffer.from('\ufeffbom')]
    const seen = await entriesOf(tarArchive(names.map((path) => ({ path, content: '' }))))
    expect(seen.map(({ header }) => header.rawName)).toEqual(names.map((name) => name.toString('latin1')))
    expect(seen[0]?.header.name).toBe('\ufffdb')
    expect(seen[2]?.header.name).toBe('\ufeffbom')
  })

  it('has a name prefix in POSIX archives, and not in GNU archives', async () => {
    const raw = { prefix: 'front' }
    expect((await headerOf(tarArchive([{ path: 'a', raw }]))).name).toBe('front/a')
    expect((await headerOf(tarArchive([{ path: 'a', raw: { ...raw, magic: 'ustar  \0' } }]))).name).toBe('a')
    expect((await headerOf(tarArchive([{ path: 'a', raw: { ...raw, magic: '' } }]))).name).toBe('a')
  })

  it('prefers PAX records to header fields', async () => {
    const pax = { mtime: '1600000000.123456789', uid: '3000000', gid: '4000000', size: '3' }
    const [seen] = await entriesOf(tarArchive([{ path: 'a', content: 'abc', uid: 1, pax }]))
    expect(seen?.header).toMatchObject({
      mtime: 1_600_000_000.123456,
      uid: 3_000_000,
      gid: 4_000_000,
      size: 3,
    })
    expect(seen?.content.toString()).toBe('abc')
  })

  it.each([
    ['-1.5', -1.5],
    ['-1.0000001', -1.000001],
    ['1.9999999', 1.999999],
    ['0', 0],
    ['12.', 12],
  ])('has the mtime %s rounded down to microseconds', async (mtime, seconds) => {
    expect((await headerOf(tarArchive([{ path: 'a', pax: { mtime } }]))).mtime).toBe(seconds)
  })

  it('has extended attributes as bytes', async () => {
    const pax = {
      'SCHILY.xattr.user.note': 'x',
      'SCHILY.xattr.security.capability': Buffer.from([1, 0, 10, 255]),
    }
    const { xattrs } = await headerOf(tarArchive([{ path: 'a', pax }]))
    expect(Object.keys(xattrs)).toEqual(['user.note', 'security.capability'])
    expect([...(xattrs['security.capability'] ?? [])]).toEqual([1, 0, 10, 255])
  })

  it('has large numbers in GNU encoding', async () => {
    const header = await headerOf(tarArchive([{ path: 'a', uid: 2 ** 31, mtime: 2 ** 40, gid: 8 ** 7 }]))
    expect(header).toMatchObject({ uid: 2 ** 31, mtime: 2 ** 40, gid: 8 ** 7 })
  })

  it('inherits from a global header what it does not set', async () => {
    const globals = extension('g', paxRecords({ uid: '9', gid: '9', comment: 'all', path: 'one for all' }))
    const own = tarArchive([{ path: 'a', pax: { uid: '5' } }, { path: 'b' }])
    const seen = await entriesOf(Buffer.concat([globals, own]))
    expect(seen.map(({ header }) => [header.name, header.uid, header.gid])).toEqual([
      ['a', 5, 9],
      ['b', 9, 9],
    ])
  })

  it('of an old archive is a directory when its name ends with a slash', async () => {
    const raw = { flag: '\0', magic: '' }
    const seen = await entriesOf(
      tarArchive([
        { path: 'd/', raw },
        { path: 'f', raw },
      ]),
    )
    expect(seen.map(({ header }) => header.type)).toEqual(['directory', 'file'])
  })

  it('that is not a file has no body, whatever its size', async () => {
    const raw = { size: '00000001000\0' }
    const seen = await entriesOf(
      tarArchive([
        { path: 'd/', type: 'directory', raw },
        { path: 'b', content: 'x' },
      ]),
    )
    expect(seen.map(({ header }) => header.size)).toEqual([0, 1])
  })
})

describe('reading', () => {
  it('skips the unread rest of a body', async () => {
    const archive = tarArchive(['a', 'b', 'c'].map((path) => ({ path, content: path.repeat(2000) })))
    const seen: string[] = []
    for await (const { header, body } of readTar(pieces(archive, [700, 1500, 3000]))) {
      if (header.name === 'b') for await (const chunk of body) if (chunk.byteLength > 0) break
      if (header.name === 'c') seen.push(String(await contentOf(body)))
    }
    expect(seen).toEqual(['c'.repeat(2000)])
  })

  it('a body after the next entry was requested is an error', async () => {
    const bodies: AsyncIterable<Uint8Array>[] = []
    const archive = tarArchive([
      { path: 'a', content: 'x' },
      { path: 'b', content: 'x' },
    ])
    for await (const { body } of readTar(pieces(archive, []))) bodies.push(body)
    expect(await rejection(contentOf(bodies[0] ?? pieces(ends, [])))).toMatchObject({ code: 'INTERNAL' })
  })

  it('an empty source is an error, except with openEnd', async () => {
    expect(await rejection(readAll(pieces(new Uint8Array(0), [])))).toMatchObject({
      code: 'MALFORMED',
      message: expect.stringContaining('has no bytes'),
    })
    for await (const _ of readTar(pieces(new Uint8Array(0), []), { openEnd: true })) expect.unreachable()
  })

  it('reads the source to its end, and closes it when it stops before', async () => {
    let read = 0
    let closed = 0
    async function* source() {
      try {
        for (const chunk of [tarArchive([{ path: 'a', content: 'x' }]), ends, new Uint8Array(9)]) {
          read += chunk.byteLength
          yield chunk
        }
      } finally {
        closed++
      }
    }
    for await (const _ of readTar(source()));
    expect(read).toBe(1024 + 1024 + 1024 + 9)
    for await (const _ of readTar(source())) break
    expect(closed).toBe(2)
  })

  it('ends when the signal aborts, also while the source hangs', async () => {
    const abort = new AbortController()
    async function* hangs() {
      yield tarArchive([{ path: 'a' }]).subarray(0, 512)
      queueMicrotask(() => abort.abort())
      await new Promise(() => undefined)
    }
    const read = async () => {
      for await (const _ of readTar(hangs(), { signal: abort.signal }));
    }
    expect(await rejection(read())).toMatchObject({ code: 'CANCELED' })
  })

  it('throws the error of the source', async () => {
    const broken = new DistError('UNAVAILABLE', 'gone')
    async function* breaks() {
      yield ends.subarray(0, 100)
      throw broken
    }
    expect(await rejection(readAll(breaks()))).toBe(broken)
  })

  it('reads all formats of GNU tar', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tar-'))
    const deep = join(...Array(12).fill('a directory of many'), 'ö')
    try {
      mkdirSync(join(directory, deep), { recursive: true })
      writeFileSync(join(directory, 'f'), 'content')
      utimesSync(join(directory, 'f'), 1, 1_600_000_000)
      symlinkSync('x'.repeat(150), join(directory, 'l'))
      for (const format of ['gnu', 'posix', 'oldgnu']) {
        const archive = execFileSync('tar', ['-c', `--format=${format}`, '-C', directory, '.'])
        const seen = await entriesOf(archive)
        const byName = Object.fromEntries(seen.map(({ header }) => [header.name, header]))
        expect(byName[`./${deep}/`]).toMatchObject({ type: 'directory' })
        expect(byName['./f']).toMatchObject({ size: 7, mtime: 1_600_000_000 })
        expect(byName['./l']).toMatchObject({ linkname: 'x'.repeat(150) })
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

async function readAll(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of readTar(source));
}

describe('L14: the stream', () => {
  const sample = tarArchive([
    { path: 'a', content: 'x'.repeat(600) },
    { path: 'n'.repeat(110), link: 'l' },
    { path: 'g'.repeat(120), content: 'y', long: 'gnu' },
    { path: 'd/', type: 'directory', pax: { mtime: '1.5', 'SCHILY.xattr.user.a': 'b' } },
  ])

  it('gives the same entries for all chunk sizes', async () => {
    const whole = await entriesOf(sample)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(sample.byteLength), { maxLength: 30 }), async (cuts) => {
        expect(await entriesOf(sample, cuts)).toEqual(whole)
      }),
    )
    expect(await entriesOf(sample, Array.from(sample.keys()))).toEqual(whole)
  })

  it('followed by another archive is an error with alone', async () => {
    const two = Buffer.concat([sample, Buffer.alloc(512), sample])
    const read = async (bytes: Uint8Array, alone: boolean) => {
      let count = 0
      for await (const _ of readTar(pieces(bytes, [700]), { alone })) count++
      return count
    }
    const count = await read(sample, true)
    expect(await read(two, false)).toBe(count)
    await expect(read(two, true)).rejects.toMatchObject({ code: 'MALFORMED' })
    for (const rest of [Buffer.alloc(5120), Buffer.alloc(700, 'x'), Buffer.alloc(3)])
      expect(await read(Buffer.concat([sample, rest]), true)).toBe(count)
  })

  it('truncated at any byte is an error', async () => {
    const wrong: unknown[] = []
    for (let length = 0; length < sample.byteLength; length++) {
      const outcome = await entriesOf(sample.subarray(0, length)).catch((error: unknown) => error)
      if (!(outcome instanceof DistError && outcome.code === 'MALFORMED')) wrong.push([length, outcome])
    }
    expect(wrong).toEqual([])
  })

  it('with any byte changed gives a DistError or other entries', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(sample.byteLength - 1), fc.nat(255), async (at, byte) => {
        const changed = Uint8Array.from(sample)
        changed[at] = byte
        const outcome = await entriesOf(changed).catch((error: unknown) => error)
        expect(Array.isArray(outcome) || outcome instanceof DistError).toBe(true)
      }),
    )
  })

  it('keeps every name, link and content', async () => {
    const name = fc.uint8Array({ minLength: 1, maxLength: 300 }).filter((bytes) => !bytes.includes(0))
    await fc.assert(
      fc.asyncProperty(
        name,
        name,
        fc.uint8Array({ maxLength: 2000 }),
        fc.constantFrom('pax', 'gnu'),
        async (path, link, content, long) => {
          const seen = await entriesOf(
            tarArchive([
              { path, content, long },
              { path, link, long },
            ]),
          )
          const raw = Buffer.from(path).toString('latin1')
          expect(seen.map(({ header }) => header.rawName)).toEqual([raw, raw])
          expect(seen[0]?.content.equals(content)).toBe(true)
          expect(seen[1]?.header.rawLinkname).toBe(Buffer.from(link).toString('latin1'))
        },
      ),
    )
  })
})
