import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DistError } from '@dist/errdefs'
import type { TarEntry } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { steps, useTarget } from '../support/target.js'

const target = useTarget()

/** What another process does between two entries. */
const swaps: readonly (readonly [what: string, swap: (directory: string, outside: string) => void])[] = [
  [
    'a symbolic link that leads outside',
    (directory, outside) => {
      renameSync(directory, `${directory}.moved`)
      symlinkSync(outside, directory)
    },
  ],
  [
    'another directory',
    (directory) => {
      renameSync(directory, `${directory}.moved`)
      mkdirSync(directory)
    },
  ],
  [
    'a file',
    (directory) => {
      renameSync(directory, `${directory}.moved`)
      writeFileSync(directory, '')
    },
  ],
  ['nothing', (directory) => renameSync(directory, `${directory}.moved`)],
]

/** Everything that a layer can do in a directory. */
const everything: TarEntry[] = [
  { path: 'd/file', content: 'mine', mode: 0o4777 },
  { path: 'd/new', content: 'mine' },
  { path: 'd/directory', type: 'directory', mode: 0o777 },
  { path: 'd/directory/in', content: 'mine' },
  { path: 'd/link', link: 'file' },
  { path: 'd/hard', type: 'hardlink', link: 'd/new' },
  { path: 'd/fifo', type: 'fifo' },
  { path: 'd/.wh.lower' },
  { path: 'd/.wh..wh..opq' },
  { path: 'd/', type: 'directory', mode: 0o711 },
]

/** Replaces a directory by a link to another one, repeatedly. */
const swapping = `
const { renameSync, symlinkSync, unlinkSync, rmSync } = require('node:fs')
const [, directory, outside] = process.argv
console.log('swapping')
for (;;) {
  try {
    renameSync(directory, directory + '.moved')
    symlinkSync(outside, directory)
    unlinkSync(directory)
    renameSync(directory + '.moved', directory)
  } catch {
    rmSync(directory, { recursive: true, force: true })
  }
}
`

function outside(): unknown {
  return Object.entries(target().everything()).filter(([path]) => path.startsWith('outside'))
}

describe('L5: a directory that another process replaces while a layer is applied', () => {
  it.each(swaps)('by %s: nothing outside is touched', async (_, swap) => {
    mkdirSync(target().at('d'))
    writeFileSync(target().at('d/lower'), '')
    const before = outside()
    const layer = steps(
      { path: 'd/first', content: '' },
      () => swap(target().at('d'), target().outside),
      ...everything,
    )
    // The open directory is written to, wherever it is now, and never the one with its former name.
    await target().apply(layer)
    expect(outside()).toEqual(before)
    expect(readFileSync(target().at('d.moved/new'), 'utf8')).toBe('mine')
    expect(existsSync(target().at('d/new'))).toBe(false)
  })

  it.each(swaps)('by %s, before it was opened: nothing outside is touched', async (what, swap) => {
    const before = outside()
    const layer = steps(
      { path: 'd', type: 'directory' },
      () => swap(target().at('d'), target().outside),
      ...everything,
    )
    const outcome = await target()
      .apply(layer)
      .catch((error: unknown) => error)
    expect(outside()).toEqual(before)
    if (what !== 'another directory') expect(outcome).toMatchObject({ code: 'UNAVAILABLE' })
  })

  it.each(swaps)('by %s, after it was closed since too many directories were used', async (_, swap) => {
    mkdirSync(target().at('d'))
    const before = outside()
    const many: TarEntry[] = Array.from({ length: 260 }, (_, i) => ({ path: `m/${i}/f`, content: '' }))
    const layer = steps(
      { path: 'd/first', content: '' },
      ...many,
      () => swap(target().at('d'), target().outside),
      ...everything,
    )
    const error = await target()
      .apply(layer, { undo: false })
      .catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('d: changed by another process'),
    })
    expect(outside()).toEqual(before)
  })

  it('a symbolic link in the path of a hard link target, of a whiteout, and of the undo', async () => {
    mkdirSync(target().at('d/sub'), { recursive: true })
    writeFileSync(target().at('d/sub/file'), '')
    const before = outside()
    const swap = () => {
      renameSync(target().at('d/sub'), target().at('moved'))
      symlinkSync(target().outside, target().at('d/sub'))
    }
    const layer = steps(
      { path: 'd/sub/x', content: '' },
      swap,
      { path: 'd/.wh.sub' },
      { path: '.wh.d' },
      { path: '.wh.' },
    )
    await expect(target().apply(layer)).rejects.toThrow()
    expect(outside()).toEqual(before)
  })

  it('by a process that does it all the time', async () => {
    mkdirSync(target().at('d'))
    const before = outside()
    // A program makes devices, which would take most of the time.
    const withoutFifo = everything.filter(({ type }) => type !== 'fifo')
    const swapper = spawn(process.execPath, ['-e', swapping, target().at('d'), target().outside])
    const exited = once(swapper, 'exit')
    try {
      await once(swapper.stdout, 'data')
      const outcomes: unknown[] = []
      for (let round = 0; round < 20; round++) {
        const layer = target()
          .apply(withoutFifo)
          .catch((error: unknown) => error)
        outcomes.push(await layer)
      }
      expect(
        outcomes.filter((outcome) => outcome instanceof Error && !(outcome instanceof DistError)),
      ).toEqual([])
    } finally {
      swapper.kill()
      await exited
    }
    expect(outside()).toEqual(before)
  })

  it('many directories are closed and opened again, and all get the attributes of the layer', async () => {
    const many: TarEntry[] = Array.from({ length: 260 }, (_, i) => [
      { path: `m/${i}`, type: 'directory' as const, mode: 0o710, mtime: i + 1 },
      { path: `m/${i}/f`, content: String(i) },
    ]).flat()
    await target().apply(many)
    for (const i of [0, 17, 259]) {
      expect(lstatSync(target().at(join('m', String(i))))).toMatchObject({
        mode: 0o40710,
        mtimeMs: (i + 1) * 1000,
      })
      expect(readFileSync(target().at(`m/${i}/f`), 'utf8')).toBe(String(i))
    }
  })
})
