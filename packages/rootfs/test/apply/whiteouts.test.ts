import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TarEntry } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { useTarget } from '../support/target.js'

const target = useTarget()

const lower: TarEntry[] = [
  { path: 'a/', type: 'directory', mode: 0o750, mtime: 5 },
  { path: 'a/file', content: 'low' },
  { path: 'a/sub/', type: 'directory', mtime: 6 },
  { path: 'a/sub/deep', content: 'low' },
  { path: 'b', content: 'low' },
]

describe('L7: whiteouts', () => {
  it('remove a file, a directory with its content, and a symbolic link but not its target', async () => {
    symlinkSync(join(target().outside, 'directory'), target().at('link'))
    await target().apply(lower)
    await target().apply([{ path: '.wh.b' }, { path: 'a/.wh.sub' }, { path: '.wh.link' }])
    expect(target().names()).toEqual(['a', 'a/file'])
    expect(Object.keys(target().everything())).toContain('outside/directory')
  })

  it('of missing files change nothing, and make no directories', async () => {
    await target().apply(lower)
    const before = target().tree()
    await target().apply([
      { path: '.wh.none' },
      { path: 'x/y/.wh.z' },
      { path: 'x/.wh..wh..opq' },
      { path: 'b/.wh.c' },
    ])
    expect(target().tree()).toEqual(before)
  })

  it.each([
    ['before', (whiteout: TarEntry, own: TarEntry) => [whiteout, own]],
    ['after', (whiteout: TarEntry, own: TarEntry) => [own, whiteout]],
  ])('spare what the same layer brought, standing %s it', async (_, order) => {
    await target().apply(lower)
    await target().apply(order({ path: '.wh.b' }, { path: 'b', content: 'high' }))
    await target().apply(order({ path: '.wh.a' }, { path: 'a/new', content: 'high' }))
    expect(target().content('b')).toBe('high')
    expect(target().names()).toEqual(['a', 'a/new', 'b'])
  })

  it.each([
    ['before', (whiteout: TarEntry, own: TarEntry) => [whiteout, own]],
    ['after', (whiteout: TarEntry, own: TarEntry) => [own, whiteout]],
  ])('an opaque one removes all that lower layers had, standing %s the layer’s own', async (_, order) => {
    await target().apply(lower)
    await target().apply(order({ path: 'a/.wh..wh..opq' }, { path: 'a/sub/new', content: 'high' }))
    expect(target().names()).toEqual(['a', 'a/sub', 'a/sub/new', 'b'])
    expect(target().tree().a).toMatchObject({ mode: '750', mtime: '5000000' })
  })

  it('an opaque root keeps only what the layer made, and no undo directory', async () => {
    await target().apply(lower)
    const layer = [{ path: 'new', content: '' }, { path: '.wh.b' }, { path: '.wh..wh..opq' }]
    await target().apply(layer)
    expect(target().names()).toEqual(['new'])
  })

  it('follow symbolic links within the root, and not outside', async () => {
    await target().apply([...lower, { path: 'l', link: '/a/sub' }])
    await target().apply([{ path: 'l/.wh.deep' }])
    symlinkSync(target().outside, target().at('out'))
    await target().apply([{ path: 'out/.wh.file' }, { path: 'out/.wh..wh..opq' }])
    expect(target().names()).not.toContain('a/sub/deep')
    expect(Object.keys(target().everything())).toContain('outside/file')
  })

  it.each(['.wh.', '.wh..', '.wh...', 'a/.wh.', 'a/.wh..', 'a/.wh...', '.wh../'])(
    'refuses %s, and removes nothing',
    async (path) => {
      await target().apply(lower)
      const error = await target().refuses([{ path: '.wh.b' }, { path }])
      expect(error).toMatchObject({ code: 'MALFORMED', message: expect.stringContaining('.wh.') })
    },
  )

  it('are detected whatever their type', async () => {
    await target().apply(lower)
    await target().apply([
      { path: '.wh.b', type: 'directory' },
      { path: 'a/.wh.sub', link: 'x' },
    ])
    expect(target().names()).toEqual(['a', 'a/file'])
  })

  it('a directory keeps its time when something is removed from it', async () => {
    await target().apply(lower)
    await target().apply([{ path: 'a/.wh.file' }])
    expect(target().tree().a).toMatchObject({ mtime: '5000000' })
  })

  it('allow to reuse names in a removed directory', async () => {
    mkdirSync(target().at('d/e'), { recursive: true })
    writeFileSync(target().at('d/e/f'), 'low')
    await target().apply([{ path: 'd/.wh.e' }, { path: 'd/e/g', content: 'high' }, { path: '.wh.d' }])
    expect(target().names()).toEqual(['d', 'd/e', 'd/e/g'])
  })
})
