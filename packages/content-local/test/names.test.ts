import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '@dist/content'
import { type FileOperations, openLocalStore } from '@dist/content-local'
import { digestOf } from '@dist/oci'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nodeFiles } from '../src/files/operations.js'
import { type Folder, folder } from './folder.js'

let root: Folder

beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

const path = () => join(root.path, 'index.json')
const index = () => JSON.parse(readFileSync(path(), 'utf8'))
const mediaType = 'application/vnd.oci.image.manifest.v1+json'
const desc = { mediaType, digest: digestOf('x'), size: 1 }
const image = (name: string): Image => ({ name, desc, selection: ['linux/amd64', 'linux/arm64'] })

async function listNames(): Promise<Image[]> {
  const images: Image[] = []
  await using store = await openLocalStore(root.path, { create: false })
  for await (const one of store.names.list()) images.push(one)
  return images
}

async function put(...images: Image[]): Promise<void> {
  await using store = await openLocalStore(root.path)
  await Promise.all(images.map((one) => store.names.put(one)))
}

it('writes the full name and the selection to the annotations of an entry', async () => {
  await put(image('docker.io/library/alpine:3.20'))
  expect(index()).toEqual({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...desc,
        annotations: {
          'org.opencontainers.image.ref.name': 'docker.io/library/alpine:3.20',
          'dev.dist.selection': 'linux/amd64,linux/arm64',
        },
      },
    ],
  })
})

it('lists entries of other tools with the selection all, and keeps their fields unchanged', async () => {
  await openLocalStore(root.path)
  const foreign = [
    {
      ...desc,
      annotations: { 'org.opencontainers.image.ref.name': 'latest', 'com.example': 'y' },
      extra: [1],
    },
    { ...desc, size: 2 },
    { mediaType: 'broken', annotations: { 'org.opencontainers.image.ref.name': 'broken' } },
    'no entry at all',
  ]
  writeFileSync(path(), JSON.stringify({ schemaVersion: 2, annotations: { a: 'b' }, manifests: foreign }))
  expect(await listNames()).toEqual([
    { name: 'latest', desc: { ...desc, annotations: { 'com.example': 'y' } }, selection: 'all' },
  ])
  const store = await openLocalStore(root.path)
  const { names } = store
  await names.put(image('a/b:1'))
  await names.put(image('a/b:2'))
  await names.delete('a/b:1')
  await store.close()
  expect(index().manifests.slice(0, 4)).toEqual(foreign)
  expect(index().manifests).toHaveLength(5)
  expect(index().annotations).toEqual({ a: 'b' })
  await names.delete('latest')
  await store.close()
  expect(index().manifests.slice(0, 3)).toEqual(foreign.slice(1))
})

it('sees changes of another writer', async () => {
  await put(image('a/b:1'))
  const { names } = await openLocalStore(root.path)
  expect(await names.get('a/b:1')).toEqual(image('a/b:1'))
  writeFileSync(path(), JSON.stringify({ schemaVersion: 2, manifests: [] }))
  await expect(names.get('a/b:1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

it('reads a null list as an empty one', async () => {
  const { names } = await openLocalStore(root.path)
  writeFileSync(path(), '{"schemaVersion":2,"manifests":null}')
  await names.put(image('a/b:1'))
  expect(await listNames()).toEqual([image('a/b:1')])
})

it.each(['no json', '[]', '{"manifests":7}', ''])(
  'an index of "%s" is MALFORMED, and stays unchanged',
  async (text) => {
    const { names } = await openLocalStore(root.path)
    writeFileSync(path(), text)
    await expect(names.get('a/b:1')).rejects.toMatchObject({ code: 'MALFORMED' })
    await expect(names.put(image('a/b:1'))).rejects.toMatchObject({ code: 'MALFORMED' })
    expect(readFileSync(path(), 'utf8')).toBe(text)
  },
)

it('adds many names that are put at the same time with one write, and writes the index once at the end', async () => {
  await openLocalStore(root.path)
  const calls = { writev: 0, rename: 0 }
  const files: FileOperations = {
    ...nodeFiles,
    writev: (...parameters) => {
      calls.writev++
      return nodeFiles.writev(...parameters)
    },
    rename: (...parameters) => {
      calls.rename++
      return nodeFiles.rename(...parameters)
    },
  }
  const store = await openLocalStore(root.path, { files })
  await Promise.all(Array.from({ length: 100 }, (_, i) => store.names.put(image(`a/b:${i}`))))
  expect(calls).toEqual({ writev: 1, rename: 0 })
  await store.close()
  expect(calls).toEqual({ writev: 2, rename: 1 })
  expect(index().manifests).toHaveLength(100)
  expect(await listNames()).toHaveLength(100)
})

it('puts and deletes of one name take effect in call order', async () => {
  const { names } = await openLocalStore(root.path)
  const outcomes = await Promise.allSettled([
    names.delete('a/b:1'),
    names.put(image('a/b:1')),
    names.delete('a/b:1'),
    names.delete('a/b:1'),
    names.put(image('a/b:2')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ])
  expect((await listNames()).map(({ name }) => name)).toEqual(['a/b:2'])
})

it('replaces the file by a rename, so that a reader of the old file is not affected', async () => {
  await openLocalStore(root.path)
  const before = statSync(path()).ino
  await put(image('a/b:1'))
  expect(statSync(path()).ino).not.toBe(before)
})
