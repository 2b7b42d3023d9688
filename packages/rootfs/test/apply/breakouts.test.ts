import { chmodSync, linkSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { TarEntry } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { useTarget } from '../support/target.js'

const target = useTarget()

/** The files outside, before and after. */
async function expectUntouched(apply: () => Promise<unknown>): Promise<void> {
  const outside = () => Object.entries(target().everything()).filter(([path]) => path.startsWith('outside'))
  const before = outside()
  await apply()
  expect(outside()).toEqual(before)
}

describe('L1: links that lead out of the root', () => {
  const paths: readonly (readonly [what: string, link: (outside: string) => string])[] = [
    ['absolute', (outside) => outside],
    ['relative', () => '../outside'],
    ['relative, far above the root', () => `${'../'.repeat(40)}tmp`],
  ]

  it.each(paths)('an %s symbolic link is followed within the root', async (_, link) => {
    const to = link(target().outside)
    await expectUntouched(() =>
      target().apply([
        { path: 'a', link: to },
        { path: 'a/file', content: 'mine' },
      ]),
    )
    expect(lstatSync(target().at('a')).isSymbolicLink()).toBe(true)
    const within = to.replace(/^(\.\.\/)+/, '')
    expect(readFileSync(target().at(within, 'file'), 'utf8')).toBe('mine')
  })

  it.each(paths)('an existing %s symbolic link is followed within the root', async (_, link) => {
    symlinkSync(link(target().outside), target().at('a'))
    await expectUntouched(() => target().apply([{ path: 'a/file', content: 'mine' }]))
  })

  it('chained symbolic links are followed within the root', async () => {
    const layer = [
      { path: 'd', type: 'directory' as const },
      { path: 'd/up', link: '..' },
      { path: 'e', link: 'd/up/../..' },
      { path: 'f', link: 'e/outside' },
      { path: 'f/file', content: 'mine' },
    ]
    await expectUntouched(() => target().apply(layer))
    expect(target().content('outside/file')).toBe('mine')
  })

  it('a file replaces a symbolic link and is not written through it', async () => {
    symlinkSync(join(target().outside, 'file'), target().at('a'))
    await expectUntouched(() => target().apply([{ path: 'a', content: 'mine' }]))
    expect(target().tree().a).toMatchObject({ type: 'file', content: 'mine' })
  })

  it('a directory replaces a symbolic link to a directory', async () => {
    symlinkSync(join(target().outside, 'directory'), target().at('a'))
    const layer = [
      { path: 'a', type: 'directory' as const },
      { path: 'a/b', content: '' },
    ]
    await expectUntouched(() => target().apply(layer))
    expect(target().tree().a).toMatchObject({ type: 'directory' })
  })

  it('a hard link through a symbolic link does not reach outside', async () => {
    const layer: TarEntry[] = [
      { path: 'a', link: target().outside },
      { path: 'b', type: 'hardlink', link: 'a/file' },
    ]
    const error = await target().refuses(layer)
    expect(error).toMatchObject({ code: 'MALFORMED', message: expect.stringMatching(/^b: .*a\/file/) })
  })

  it.each(['../outside/file', 'd/../../outside/file', '/../x'])(
    'an entry and a hard link to %s are refused, naming the path',
    async (path) => {
      expect(await target().refuses([{ path, content: '' }])).toMatchObject({ code: 'MALFORMED' })
      const link = [{ path: 'a', type: 'hardlink' as const, link: path }]
      const error = await target().refuses(link)
      expect(error).toMatchObject({
        code: 'MALFORMED',
        message: expect.stringContaining('leads out of the root'),
      })
    },
  )

  it('an absolute name starts at the root', async () => {
    await expectUntouched(() => target().apply([{ path: join(target().outside, 'file'), content: 'mine' }]))
    expect(target().content(join(target().outside, 'file').slice(1))).toBe('mine')
  })

  it('an entry without a name is refused', async () => {
    expect(await target().refuses([{ path: '', content: '' }])).toMatchObject({ code: 'MALFORMED' })
  })

  it('a cycle of symbolic links is refused', async () => {
    const layer = [
      { path: 'a', link: 'b' },
      { path: 'b', link: 'a' },
      { path: 'a/c', content: '' },
    ]
    const error = await target().refuses(layer)
    expect(error).toMatchObject({
      code: 'MALFORMED',
      message: expect.stringContaining('too many symbolic links'),
    })
  })
})

describe('L2, L3: hard links', () => {
  it('L2: links chained up to a parent stay in the root, and so does a hard link through them', async () => {
    const layer: TarEntry[] = [
      { path: 'a', type: 'directory' },
      { path: 'a/b', link: '..' },
      { path: 'a/c', link: 'b/..' },
      { path: 'a/d', link: 'c/../..' },
      { path: 'e', type: 'hardlink', link: 'a/d/outside/file' },
    ]
    expect(await target().refuses(layer)).toMatchObject({ code: 'MALFORMED' })
  })

  it('L3: a target is resolved from the root, not from the working directory', async () => {
    const here = readdirSync('.').find((name) => statSync(name).isFile()) ?? ''
    const layer = [{ path: 'a', type: 'hardlink' as const, link: here }]
    expect(await target().refuses(layer)).toMatchObject({ code: 'MALFORMED' })
  })

  it('a hard link to a symbolic link links the symbolic link itself', async () => {
    const layer: TarEntry[] = [
      { path: 'a', link: join(target().outside, 'file') },
      { path: 'b', type: 'hardlink', link: 'a' },
    ]
    await expectUntouched(() => target().apply(layer))
    expect(target().tree().b).toMatchObject({ type: 'symlink', sameAs: 'a' })
  })

  it('a hard link to itself, to a directory, or to a later entry is refused', async () => {
    for (const link of ['a', 'd', 'later']) {
      const layer: TarEntry[] = [
        { path: 'd', type: 'directory' },
        { path: 'a', type: 'hardlink', link },
        { path: 'later', content: '' },
      ]
      expect(await target().refuses(layer)).toMatchObject({ code: 'MALFORMED' })
    }
  })

  it.each([true, false])('a hard link to what it replaces is refused (undo: %s)', async (undo) => {
    await target().apply([
      { path: 'd', type: 'directory' },
      { path: 'd/f', content: 'x' },
    ])
    const layer: TarEntry[] = [{ path: 'd', type: 'hardlink', link: 'd/f' }]
    await expect(target().apply(layer, { undo })).rejects.toMatchObject({
      code: 'MALFORMED',
      message: 'd: hard link to d/f, which does not exist',
    })
  })

  it('a hard link replaces an existing file', async () => {
    await target().apply([
      { path: 'a', content: 'one' },
      { path: 'b', content: 'two' },
    ])
    await target().apply([{ path: 'b', type: 'hardlink', link: './a' }])
    expect(target().tree().b).toMatchObject({ content: 'one', sameAs: 'a' })
  })
})

describe('L4: modes', () => {
  it('are never set through a link', async () => {
    chmodSync(join(target().outside, 'file'), 0o600)
    linkSync(join(target().outside, 'file'), target().at('hard'))
    const layer = [
      { path: 'a', link: join(target().outside, 'file'), mode: 0o4777 },
      { path: 'b', link: join(target().outside, 'directory'), mode: 0o777 },
      { path: 'hard', content: 'mine', mode: 0o4777 },
      { path: 'b', type: 'directory' as const, mode: 0o777 },
    ]
    await target().apply(layer)
    expect(statSync(join(target().outside, 'file'))).toMatchObject({ mode: 0o100600, size: 16 })
  })
})

describe('L6: the root', () => {
  it.each([
    ['./', { link: '/etc' }],
    ['/', { link: '..' }],
    ['.', { content: 'x' }],
    ['a/..', { type: 'hardlink' as const, link: 'x' }],
    ['././', { type: 'fifo' as const }],
  ])('cannot be anything but a directory (%s)', async (path, entry) => {
    const error = await target().refuses([{ path, ...entry }])
    expect(error).toMatchObject({ code: 'MALFORMED', message: expect.stringContaining('the root') })
  })

  it('gets mode and time of its entry', async () => {
    const layer = [
      { path: './', type: 'directory' as const, mode: 0o1750, mtime: 77 },
      { path: 'a', content: '' },
    ]
    await target().apply(layer)
    expect(target().tree()['.']).toMatchObject({ mode: '1750', mtime: '77000000' })
  })
})
