import { mkdirSync, writeFileSync } from 'node:fs'
import { DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { type TarEntry, tarArchive } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { chunksOf, steps, useTarget } from '../support/target.js'

const target = useTarget()

const lower: TarEntry[] = [
  { path: 'a/', type: 'directory', mode: 0o555, mtime: 5 },
  { path: 'a/file', content: 'low', mtime: 6 },
  { path: 'a/other', type: 'hardlink', link: 'a/file' },
  { path: 'a/sub/', type: 'directory', mode: 0o500, mtime: 7 },
  { path: 'a/sub/deep', content: 'low' },
  { path: 'l', link: 'a/sub' },
  { path: 'b', content: 'low', mode: 0o4755 },
]

/** Changes everything in `lower`, in every way. */
const upper: TarEntry[] = [
  { path: './', type: 'directory', mode: 0o700, mtime: 1 },
  { path: 'a/', type: 'directory', mode: 0o711, mtime: 50 },
  { path: 'a/file', content: 'high' },
  { path: 'a/file', content: 'higher' },
  { path: 'l/deep', type: 'directory' },
  { path: 'l/deep/er', content: '' },
  { path: 'a/sub', content: 'no directory any more' },
  { path: 'n/e/w', content: '' },
  { path: '.wh.b' },
  { path: 'b/now', link: 'a directory' },
  { path: '.wh.l' },
  { path: 'a/.wh..wh..opq' },
]

const wrong = digestOf('something else')

describe('L15: a layer that fails leaves the directory as it was', () => {
  it('when it has another diffID, which is known only at its end', async () => {
    await target().apply(lower)
    const error = await target().refuses(upper, { diffID: wrong })
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', message: expect.stringContaining(wrong) })
  })

  it('and is applied with the right diffID', async () => {
    await target().apply(lower)
    const diffID = digestOf(tarArchive(upper))
    expect(await target().apply(upper, { diffID })).toMatchObject({ diffID, entries: upper.length })
    expect(target().names()).toEqual(['a', 'a/file', 'a/sub', 'b', 'b/now', 'n', 'n/e', 'n/e/w'])
  })

  it('after a failure at any of its entries', async () => {
    await target().apply(lower)
    for (let count = 0; count <= upper.length; count++)
      expect(await target().refuses([...upper.slice(0, count), { path: '.wh.' }])).toMatchObject({
        code: 'MALFORMED',
      })
  })

  it('when it is aborted, also within a file', async () => {
    await target().apply(lower)
    const abort = new AbortController()
    const archive = tarArchive([...upper, { path: 'big', content: Buffer.alloc(100_000) }])
    const layer = chunksOf(archive.subarray(0, -50_000), () => abort.abort(), archive.subarray(-50_000))
    const error = await target().refuses(layer, { signal: abort.signal })
    expect(error).toMatchObject({ code: 'CANCELED' })
  })

  it('when it is aborted while its source hangs', async () => {
    await target().apply(lower)
    const abort = new AbortController()
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield tarArchive(upper).subarray(0, 2000)
      queueMicrotask(() => abort.abort())
      await new Promise(() => undefined)
    }
    const error = await target().refuses(silent(), { signal: abort.signal })
    expect(error).toMatchObject({ code: 'CANCELED' })
  })

  it('when its source fails, with the error of the source', async () => {
    await target().apply(lower)
    const broken = new DistError('UNAVAILABLE', 'the registry went away')
    const layer = chunksOf(tarArchive(upper).subarray(0, 4000), () => {
      throw broken
    })
    expect(await target().refuses(layer)).toBe(broken)
  })

  it('and throws an error with the escaped entry and the cause', async () => {
    const error = await target().refuses([{ path: 'evil\u001b[2J/\u202e', type: 'hardlink', link: 'none' }])
    expect(error.message).toBe('evil\\u{1b}[2J/\\u{202e}: hard link to none, which does not exist')
  })
})

describe('without undo', () => {
  it('a layer that fails leaves what it made, and no undo directory', async () => {
    await target().apply(lower)
    const options = { undo: false, diffID: wrong }
    await expect(target().apply(upper, options)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    expect(target().names()).toEqual(['a', 'a/file', 'a/sub', 'b', 'b/now', 'n', 'n/e', 'n/e/w'])
  })

  it('a layer has the same result as with undo', async () => {
    await target().apply(lower)
    await target().apply(upper)
    const undone = target().tree()
    await target().apply([{ path: '.wh..wh..opq' }])
    await target().apply(lower)
    await target().apply(upper, { undo: false })
    expect(timeless(target().tree())).toEqual(timeless(undone))
  })
})

/** Directories without an entry have the time at which they were made. */
function timeless(tree: Readonly<Record<string, { mtime: string }>>): unknown {
  return Object.fromEntries(Object.entries(tree).map(([path, { mtime, ...node }]) => [path, node]))
}

describe('a failed undo', () => {
  it('is INTERNAL, with the directory of the kept files', async () => {
    mkdirSync(target().at('d'))
    writeFileSync(target().at('d/f'), 'low')
    const spoils = () => writeFileSync(target().at('d/f/in the way'), '')
    const meanwhile = () => {
      mkdirSync(target().at('d/f'), { recursive: true })
      spoils()
    }
    const layer = steps({ path: 'd/.wh.f' }, meanwhile, { path: '.wh.' })
    const error = await target()
      .apply(layer)
      .catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/\.dist-undo-[0-9a-f]{8}$/),
    })
    const kept = target()
      .names()
      .filter((name) => name.endsWith('/0'))
    expect(kept.map((name) => target().content(name))).toEqual(['low'])
  })
})

describe('a path that is not a directory', () => {
  it.each(['none', 'f/x'])('is refused (%s)', async (name) => {
    writeFileSync(target().at('f'), '')
    const { applyLayer } = await import('@dist/rootfs')
    const layer = chunksOf(tarArchive(lower))
    await expect(applyLayer(target().at(name), layer)).rejects.toMatchObject({
      message: expect.stringContaining(name),
    })
  })
})
