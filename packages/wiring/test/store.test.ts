import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@dist/oci'
import { afterEach, describe, expect, it } from 'vitest'
import { openStore } from '../src/store.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

describe('a store in a folder', () => {
  it('has the paths of content', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dist-wiring-'))
    folders.push(folder)
    await using store = await openStore({ store: join(folder, 'store') }, {}, { create: true })
    const digest = digestOf('x')
    expect(store.locate(digest)).toBe(join(folder, 'store/blobs/sha256', digest.slice(7)))
    expect(store.id).toMatch(/^\S+$/)
  })

  it('is empty when it is the default and does not exist, and is not created', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dist-wiring-'))
    folders.push(folder)
    await using store = await openStore({}, { XDG_DATA_HOME: folder })
    expect(store).toMatchObject({ id: undefined, exists: false })
    for await (const info of store.content.walk()) expect.unreachable(info.digest)
    expect(readdirSync(folder)).toEqual([])
  })

  it('is NOT_FOUND when a setting names it and it does not exist, or is an empty folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dist-wiring-'))
    folders.push(folder)
    const none = join(folder, 'none')
    for (const [settings, env, named] of [
      [{ store: none }, {}, '--store'],
      [{}, { DIST_STORE: none }, 'DIST_STORE'],
      [{ store: folder }, {}, '--store'],
    ] as const)
      await expect(openStore(settings, env)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(named),
      })
    expect(readdirSync(folder)).toEqual([])
  })

  it('exists when another tool has created the layout', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dist-wiring-'))
    folders.push(folder)
    writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    await using store = await openStore({ store: folder }, {})
    expect(store).toMatchObject({ id: undefined, exists: true })
  })
})

it.each(['gs://bucket/x', 's3:/bucket/x', ''])('%j is refused and creates no folder', async (given) => {
  await expect(openStore({ store: given }, {}, { create: true })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
})

describe('a bucket', () => {
  it('refuses an invalid URL before any request', async () => {
    await expect(openStore({ store: 's3://B!/x' }, {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(openStore({ store: 's3://k:s@bucket/x' }, {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})
