import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLocalStore } from '@dist/content-local'
import { digestOf } from '@dist/oci'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Folder, folder } from './folder.js'

let root: Folder

beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

const at = (...parts: string[]) => join(root.path, ...parts)
const text = new TextEncoder().encode('hello')
const digest = digestOf(text)

async function put(path: string): Promise<void> {
  const { content } = await openLocalStore(path)
  await using writer = await content.writer('ref', { digest })
  await writer.write(text.slice())
  await writer.commit()
}

describe('a new store', () => {
  it('is an OCI image layout', async () => {
    await put(at('new', 'store'))
    expect(JSON.parse(readFileSync(at('new/store/oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    })
    expect(JSON.parse(readFileSync(at('new/store/index.json'), 'utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    })
    const { pathOf } = await openLocalStore(at('new/store'))
    expect(pathOf(digest)).toBe(at('new/store/blobs/sha256', digest.slice(7)))
    expect(readFileSync(pathOf(digest), 'utf8')).toBe('hello')
  })

  it('keeps its id, which differs from that of another store', async () => {
    const one = await openLocalStore(at('one'))
    const two = await openLocalStore(at('two'))
    expect((await openLocalStore(at('one'))).id).toBe(one.id)
    expect(two.id).not.toBe(one.id)
  })

  it('is created on a new volume, and in a layout of another tool', async () => {
    mkdirSync(at('volume/lost+found'), { recursive: true })
    await put(at('volume'))
    mkdirSync(at('foreign'))
    writeFileSync(at('foreign/oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    await put(at('foreign'))
    expect((await openLocalStore(at('foreign'))).id).toBeDefined()
  })

  it('recreates directories that a copy of it lost', async () => {
    await (await openLocalStore(root.path)).close()
    execFileSync('rmdir', [at('ingest'), at('locks'), at('blobs/sha256'), at('blobs/sha512')])
    await put(root.path)
    expect(existsSync(at('blobs/sha256', digest.slice(7)))).toBe(true)
  })
})

describe('a directory that cannot be a store', () => {
  it.each(['2.0.0', '1.1.0', '1.0.1'])(
    'has layout version %s: NOT_IMPLEMENTED, with both versions',
    async (version) => {
      writeFileSync(at('oci-layout'), JSON.stringify({ imageLayoutVersion: version }))
      await expect(openLocalStore(root.path)).rejects.toMatchObject({
        code: 'NOT_IMPLEMENTED',
        message: expect.stringMatching(`${version}.*1\\.0\\.0`),
      })
      await expect(openLocalStore(root.path, { create: false })).rejects.toMatchObject({
        code: 'NOT_IMPLEMENTED',
      })
    },
  )

  it.each(['no json', '{}', '[]', ''])('has the layout file "%s": MALFORMED', async (layout) => {
    writeFileSync(at('oci-layout'), layout)
    await expect(openLocalStore(root.path)).rejects.toMatchObject({ code: 'MALFORMED' })
  })

  it('contains other files: refused, and nothing is written', async () => {
    writeFileSync(at('thesis.tex'), '')
    await expect(openLocalStore(root.path)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(readdirSync(root.path)).toEqual(['thesis.tex'])
  })

  it('is a file, or is below a file: refused', async () => {
    writeFileSync(at('file'), '')
    await expect(openLocalStore(at('file'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(openLocalStore(at('file', 'below'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('cannot be created: refused without delay', async () => {
    await expect(openLocalStore('/proc/dist/store')).rejects.toMatchObject({ name: 'DistError' })
  })
})

describe('a store opened with create: false', () => {
  it('reads as empty where it does not exist, and is not created', async () => {
    const store = await openLocalStore(at('absent'), { create: false })
    expect(store.id).toBeUndefined()
    for await (const _ of store.content.walk()) expect.unreachable()
    for await (const _ of store.content.statuses()) expect.unreachable()
    for await (const _ of store.names.list()) expect.unreachable()
    await expect(store.content.info(digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(store.names.get('a/b:c')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(store.names.delete('a/b:c')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(store.content.abort('ref')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await store.sweep(0)).toEqual([])
    expect(existsSync(at('absent'))).toBe(false)
  })

  it('is opened without writing', async () => {
    await put(root.path)
    const before = execFileSync('find', [root.path, '-printf', '%p %T@ %C@\n'], { encoding: 'utf8' })
    const store = await openLocalStore(root.path, { create: false })
    expect(await store.content.info(digest)).toMatchObject({ size: 5 })
    await openLocalStore(root.path)
    expect(execFileSync('find', [root.path, '-printf', '%p %T@ %C@\n'], { encoding: 'utf8' })).toBe(before)
  })
})
