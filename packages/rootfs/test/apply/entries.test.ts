import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import type { TarEntry } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { isRoot, steps, useTarget } from '../support/target.js'

const target = useTarget()
const own = `${process.geteuid?.()}:${process.getegid?.()}`

describe('an entry', () => {
  it('has its content, mode and time, whatever the umask', async () => {
    const big = Buffer.alloc(3_000_000, 'dist')
    await target().apply([
      { path: 'd/', type: 'directory', mode: 0o777, mtime: 1_600_000_000 },
      { path: 'd/f', content: 'text', mode: 0o666, mtime: 1, pax: { mtime: '1600000000.1234567' } },
      { path: 'big', content: big, mode: 0o444 },
      { path: 'l', link: '../anything//at all', mtime: 9 },
      { path: 'old', content: '', pax: { mtime: '-1.5' } },
    ])
    const tree = target().tree()
    expect(tree.d).toMatchObject({ type: 'directory', mode: '777', mtime: '1600000000000000' })
    expect(tree['d/f']).toMatchObject({ content: 'text', mode: '666', mtime: '1600000000123456' })
    expect(tree.l).toMatchObject({ type: 'symlink', target: '../anything//at all', mtime: '9000000' })
    expect(tree.old).toMatchObject({ mtime: '-1500000' })
    expect(tree.big).toMatchObject({ mode: '444' })
    expect(tree.big?.content).toMatch(/^sha256:/)
  })

  it('has the owner of the layer, or, without root, the user as owner', async () => {
    const layer: TarEntry[] = [
      { path: 'f', content: '', uid: 1234, gid: 99 },
      { path: 'l', link: 'x', uid: 1234, gid: 99 },
      { path: 'd', type: 'directory', pax: { uid: '3000000', gid: '99' } },
      { path: './', type: 'directory', uid: 5, gid: 6 },
    ]
    await target().apply(layer)
    const owners = Object.values(target().tree()).map(({ owner }) => owner)
    expect(owners).toEqual(isRoot ? ['5:6', '3000000:99', '1234:99', '1234:99'] : [own, own, own, own])
    expect(target().warnings).toHaveLength(isRoot ? 0 : 1)
  })

  it('L10: setuid, setgid and sticky bits survive the change of owner', async () => {
    await target().apply([
      { path: 'u', content: 'x', mode: 0o4755, uid: 1, gid: 1 },
      { path: 'g', content: 'x', mode: 0o2755, uid: 1, gid: 1 },
      { path: 'd', type: 'directory', mode: 0o3777, uid: 1, gid: 1 },
      { path: 'd/in', type: 'directory', mode: 0o700 },
    ])
    const modes = Object.entries(target().tree()).map(([path, { mode }]) => [path, mode])
    expect(Object.fromEntries(modes)).toMatchObject({ u: '4755', g: '2755', d: '3777', 'd/in': '700' })
  })

  it('gets parent directories without entries', async () => {
    await target().apply([
      { path: './a/./b//c', content: 'x' },
      { path: 'x/../y', content: 'x' },
    ])
    expect(target().names()).toEqual(['a', 'a/b', 'a/b/c', 'y'])
    expect(target().tree()['a/b']).toMatchObject({ mode: '755' })
  })

  it('has exactly the bytes of its name, UTF-8 or not', async () => {
    const names = [
      Buffer.from('ä'),
      Buffer.from('a\u0308'),
      Buffer.from([0xe4]),
      Buffer.from([0xff, 0x0a, 0x20]),
    ]
    await target().apply(names.map((path) => ({ path, content: 'x' })))
    const long = Buffer.alloc(200, 0xe4)
    await target().apply([
      { path: long, link: long },
      { path: Buffer.concat([names[2] ?? long]), content: 'new' },
    ])
    expect(readdirSync(target().path, 'latin1').sort()).toEqual(
      [...names, long].map((name) => name.toString('latin1')).sort(),
    )
    expect(target().tree()[long.toString('latin1')]).toMatchObject({ target: long.toString('latin1') })
  })

  it('does not change the time of an existing directory', async () => {
    await target().apply([{ path: 'd', type: 'directory', mtime: 7 }])
    await target().apply([
      { path: 'd/x', content: '' },
      { path: 'e/y', content: '' },
    ])
    expect(target().tree().d).toMatchObject({ mtime: '7000000' })
  })
})

describe('L8: what replaces what', () => {
  it('the last of several entries with the same path wins', async () => {
    await target().apply([
      { path: 'a', content: 'one' },
      { path: './a', content: 'two', mode: 0o600 },
      { path: 'b/x', content: '' },
      { path: 'b', content: 'file' },
      { path: 'c', link: 'a' },
      { path: 'c', type: 'directory' },
      { path: 'c/x', content: '' },
      { path: 'd', type: 'directory', mode: 0o700 },
      { path: 'd/x', content: '' },
      { path: 'd/', type: 'directory', mode: 0o711 },
    ])
    expect(target().names()).toEqual(['a', 'b', 'c', 'c/x', 'd', 'd/x'])
    expect(target().tree()).toMatchObject({ a: { content: 'two', mode: '600' }, d: { mode: '711' } })
  })

  it('every type replaces every type of a lower layer, but a directory keeps the content of a directory', async () => {
    const kinds: readonly Partial<TarEntry>[] = [
      { content: 'f' },
      { link: 'x' },
      { type: 'directory' },
      { type: 'fifo' },
    ]
    const pairs = kinds.flatMap((one, i) => kinds.map((other, j) => ({ path: `${i}${j}`, one, other })))
    await target().apply(pairs.map(({ path, one }) => ({ path, ...one })))
    await target().apply([{ path: '22/kept', content: '' }])
    await target().apply(pairs.map(({ path, other }) => ({ path, ...other })))
    const types = pairs.map(({ path }) => target().tree()[path]?.type)
    expect(types).toEqual(Array(4).fill(['file', 'symlink', 'directory', 'fifo']).flat())
    expect(target().names()).toContain('22/kept')
  })

  it('a file is never written in place: other links to it stay unchanged', async () => {
    await target().apply([
      { path: 'a', content: 'one' },
      { path: 'b', type: 'hardlink', link: 'a' },
    ])
    await target().apply([{ path: 'a', content: 'two' }])
    expect([target().content('a'), target().content('b')]).toEqual(['two', 'one'])
  })

  it('a file in place of a parent directory is an error, naming the path', async () => {
    writeFileSync(target().at('a'), 'x')
    const error = await target().refuses([{ path: 'a/b', content: '' }])
    expect(error).toMatchObject({ code: 'MALFORMED', message: 'a/b: a is not a directory' })
  })
})

describe('L16: names that look equal', () => {
  it('are two files where the file system distinguishes them', async () => {
    const names = ['File', 'file', '\u00e9', 'e\u0301']
    await target().apply(names.map((path) => ({ path, content: path })))
    expect(readdirSync(target().path).sort()).toEqual([...names].sort())
  })

  it('are an error where the file system finds a file by another name', async () => {
    mkdirSync(target().at('d'))
    writeFileSync(target().at('d/listed'), '')
    // As on a case-insensitive file system: the name is found, but neither existed nor was made.
    const appears = () => writeFileSync(target().at('d/FILE'), 'else')
    const layer = steps({ path: 'd/listed', content: 'x' }, appears, { path: 'd/FILE', content: 'x' })
    const error = await target()
      .apply(layer)
      .catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringMatching(/^d\/FILE: exists under a name that differs/),
    })
    expect(target().content('d/FILE')).toBe('else')
  })
})

describe('L9, L11: files that cannot be made everywhere', () => {
  it('L9: a fifo is made, with its mode, owner and time', async () => {
    await target().apply([{ path: 'd/f', type: 'fifo', mode: 0o622, mtime: 3, uid: isRoot ? 7 : 0 }])
    expect(target().tree()['d/f']).toMatchObject({ type: 'fifo', mode: '622', mtime: '3000000' })
    if (isRoot) expect(target().tree()['d/f']).toMatchObject({ owner: '7:0' })
  })

  it('L9: devices are made by root, and left out with a warning otherwise', async () => {
    const layer: TarEntry[] = [
      { path: 'null', type: 'character', major: 1, minor: 3, mode: 0o666 },
      { path: 'loop', type: 'block', major: 7, minor: 300, raw: { magic: 'ustar  \0' } },
      { path: 'after', content: 'x' },
    ]
    await target().apply(layer)
    const made = target()
      .names()
      .filter((name) => name !== 'after')
    const left = target()
      .left()
      .map(({ entry }) => entry)
    expect([...made, ...left].sort()).toEqual(['loop', 'null'])
    expect(target().content('after')).toBe('x')
    if (made.includes('loop')) expect(target().tree()).toMatchObject({ null: { device: '259', mode: '666' } })
  })

  it('L9: the file that a device replaces is removed, even if the device cannot be made', async () => {
    writeFileSync(target().at('null'), 'file')
    await target().apply([{ path: 'null', type: 'character', major: 1, minor: 3 }])
    expect(target().content('null')).toBeUndefined()
  })

  it('L11: extended attributes are left out with a warning that names them', async () => {
    const pax = { 'SCHILY.xattr.user.note': 'x', 'SCHILY.xattr.security.capability': Buffer.from([1, 0, 2]) }
    await target().apply([{ path: 'a', content: 'x', pax }])
    expect(target().left()).toEqual([
      { entry: 'a', reason: 'extended attributes are left out: user.note, security.capability' },
    ])
  })

  it('L12: a sparse file is not supported, and named', async () => {
    const gnu = await target().refuses([
      { path: 'x', content: '' },
      { path: 'holes', raw: { flag: 'S' } },
    ])
    expect(gnu).toMatchObject({
      code: 'NOT_IMPLEMENTED',
      message: expect.stringContaining('holes: a sparse file'),
    })
    const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'holes' }
    const posix = await target().refuses([{ path: 'GNUSparseFile.0/holes', content: '', pax }])
    expect(posix).toMatchObject({ code: 'NOT_IMPLEMENTED', message: expect.stringContaining('sparse') })
  })
})
