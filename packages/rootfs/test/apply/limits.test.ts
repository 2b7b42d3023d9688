import { gzipSync } from 'node:zlib'
import { digestOf } from '@dist/oci'
import { gzipMembers, type TarEntry, tarArchive, zstdFrame } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { chunksOf, useTarget } from '../support/target.js'

const target = useTarget()
const mega = 1024 * 1024

describe('L13: limits', () => {
  const files = (count: number): TarEntry[] =>
    Array.from({ length: count }, (_, i) => ({ path: `d/${i}`, content: 'x'.repeat(2000) }))
  const deep = (depth: number) => `${'d/'.repeat(depth)}f`

  it.each([
    ['bytes', { bytes: 20_000 }, files(20)],
    ['entries', { entries: 19 }, files(20)],
    ['name', { name: 9 }, [{ path: 'd/long name', content: '' }]],
    ['depth', { depth: 5 }, [{ path: deep(6), content: '' }]],
    [
      'depth',
      { depth: 5 },
      [
        { path: 'up', link: '/a/b/c/d' },
        { path: 'up/e/f/g', content: '' },
      ],
    ],
  ])('the limit %s ends the layer, by its name', async (name, limits, layer) => {
    const error = await target().refuses([{ path: 'first', content: '' }, ...layer], { limits })
    expect(error).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining(`(limit ${name})`),
    })
  })

  it('a layer exactly at its limits is applied', async () => {
    const layer = [...files(3), { path: deep(5), content: '' }]
    const { size } = await target().apply(layer)
    const limits = { bytes: size, entries: 4, depth: 5, name: 11 }
    expect(await target().apply(layer, { limits })).toMatchObject({ size })
  })

  it('a decompression bomb is stopped early', async () => {
    const zeros = gzipSync(tarArchive([{ path: 'zeros', content: Buffer.alloc(80 * mega) }]))
    let read = 0
    const onProgress = (bytes: number) => {
      read = bytes
    }
    const error = await target().refuses(chunksOf(zeros), { limits: { ratio: 500 }, onProgress })
    expect(error).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining('(limit ratio)'),
    })
    expect(read).toBe(zeros.byteLength)
  })

  it.each([
    { path: `d/${'n'.repeat(256)}`, content: '' },
    { path: 'd/l', link: 'x'.repeat(5000) },
  ])('a name that is too long for the file system is an error, naming it', async (entry) => {
    const error = await target().refuses([entry])
    expect(error).toMatchObject({ code: 'MALFORMED', message: expect.stringMatching(/^d\/[nl].*too long/) })
  })

  it('a long name of 2 MiB is not read into memory', async () => {
    const layer = [{ path: Buffer.alloc(2 * mega, 'a'), content: '' }]
    expect(await target().refuses(layer)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  })
})

describe('L14: compressed layers', () => {
  const archive = tarArchive([
    { path: 'a', content: Buffer.alloc(300_000, 'dist') },
    { path: 'b', content: 'x' },
  ])

  it.each([
    ['plain', archive],
    ['gzip', gzipSync(archive)],
    ['gzip in three members', gzipMembers(archive, 3)],
    ['zstd', zstdFrame(archive)],
    [
      'zstd in two frames',
      Buffer.concat([zstdFrame(archive.subarray(0, 700)), zstdFrame(archive.subarray(700))]),
    ],
  ])('%s: applied, with the diffID and size of what is in it', async (_, layer) => {
    const progress: number[] = []
    const applied = await target().apply(chunksOf(layer), { onProgress: (bytes) => progress.push(bytes) })
    expect(applied).toEqual({ diffID: digestOf(archive), size: archive.byteLength, entries: 2 })
    expect(target().names()).toEqual(['a', 'b'])
    expect(progress.at(-1)).toBe(layer.byteLength)
  })

  it.each([
    ['plain', archive],
    ['gzip', gzipSync(archive)],
    ['gzip in three members', gzipMembers(archive, 3)],
    ['zstd', zstdFrame(archive)],
  ])('%s: truncated is an error, and nothing is left of it', async (_, layer) => {
    for (const share of [0, 0.3, 0.6, 0.9]) {
      const cut = layer.subarray(0, Math.floor(layer.byteLength * share))
      expect(await target().refuses(chunksOf(cut))).toMatchObject({ code: 'MALFORMED' })
    }
  })

  it('without the empty blocks at its end it is accepted only if its diffID is known', async () => {
    const open = Buffer.from(archive).subarray(0, archive.byteLength - 1024)
    expect(await target().refuses(chunksOf(open))).toMatchObject({ code: 'MALFORMED' })
    const diffID = digestOf(open)
    expect(await target().apply(chunksOf(open), { diffID })).toMatchObject({ diffID })
    const cut = open.subarray(0, open.byteLength - 512)
    expect(await target().refuses(chunksOf(cut), { diffID })).toMatchObject({
      code: expect.stringMatching(/MALFORMED|FAILED/),
    })
  })

  it('data after the end of the archive counts for the diffID', async () => {
    const padded = Buffer.concat([archive, Buffer.alloc(9000), Buffer.from('signed by nobody')])
    expect(await target().apply(chunksOf(padded))).toMatchObject({
      diffID: digestOf(padded),
      size: padded.byteLength,
    })
  })
})
