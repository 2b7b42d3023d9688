import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@dist/oci'
import { afterEach, describe, expect, it } from 'vitest'
import { openStore, storeUrl } from '../src/store.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

describe('where the store is', () => {
  it('is what the setting says, before the environment', () => {
    expect(storeUrl({ store: '/a' }, { DIST_STORE: '/b' })).toBe('/a')
    expect(storeUrl({}, { DIST_STORE: '/b', XDG_DATA_HOME: '/c' })).toBe('/b')
  })

  it('is the XDG data folder where nothing is said', () => {
    expect(storeUrl({}, { XDG_DATA_HOME: '/c' })).toBe('/c/dist')
    expect(storeUrl({}, { DIST_STORE: '', XDG_DATA_HOME: '' })).toBe(join(homedir(), '.local/share/dist'))
  })

  it('is absolute, and a bucket stays as it is written', () => {
    expect(storeUrl({ store: 'here' }, {})).toBe(join(process.cwd(), 'here'))
    expect(storeUrl({}, { DIST_STORE: 's3://bucket/x?region=eu-west-1' })).toBe(
      's3://bucket/x?region=eu-west-1',
    )
  })
})

describe('a store in a folder', () => {
  it('tells where content is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dist-composition-'))
    folders.push(folder)
    await using store = await openStore({ store: join(folder, 'store') }, {}, { create: true })
    const digest = digestOf('x')
    expect(store.locate(digest)).toBe(join(folder, 'store/blobs/sha256', digest.slice(7)))
    expect(store.id).toMatch(/^\S+$/)
  })

  it('reads as an empty one where there is none, and is not made', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dist-composition-'))
    folders.push(folder)
    await using store = await openStore({ store: join(folder, 'none') }, {})
    expect(store.id).toBeUndefined()
    for await (const info of store.content.walk()) expect.unreachable(info.digest)
  })
})

describe('a bucket', () => {
  it('refuses a URL that cannot be right before anything is sent', async () => {
    await expect(openStore({ store: 's3://B!/x' }, {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(openStore({ store: 's3://k:s@bucket/x' }, {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})
