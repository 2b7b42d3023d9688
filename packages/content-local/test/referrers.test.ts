import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Folder, folder } from './folder.js'

let root: Folder

beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

const path = () => join(root.path, 'index.json')
const index = (): { manifests: Descriptor[] } => JSON.parse(readFileSync(path(), 'utf8'))
const nameKey = 'org.opencontainers.image.ref.name'
const unnamed = () => index().manifests.filter(({ annotations }) => annotations?.[nameKey] === undefined)
const unnamedDigests = () => unnamed().map(({ digest }) => digest)

const artifactType = 'application/vnd.example'
const referrer = (text: string) => ({
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(text),
  size: 3,
  artifactType,
})
const [signature, sbom] = [referrer('signature'), referrer('sbom')]

function image(name: string, ...manifests: Descriptor[]): Image {
  const desc = { mediaType: mediaTypes.ociManifest, digest: digestOf('x'), size: 1 }
  return { name, desc, selection: 'all', referrers: { types: 'all', askedAt: 1, manifests, tags: [] } }
}

async function put(...images: Image[]): Promise<void> {
  await using store = await openLocalStore(root.path)
  await Promise.all(images.map((one) => store.names.put(one)))
}

async function remove(name: string): Promise<void> {
  await using store = await openLocalStore(root.path)
  await store.names.delete(name)
}

it('lists each referrer once in index.json, without a name, as oras finds it', async () => {
  await put(image('a/b:1', signature, sbom), image('a/b:2', signature))
  await put(image('a/b:3', sbom))
  expect(unnamed()).toMatchObject([signature, sbom])
  expect(index().manifests).toHaveLength(5)
})

it('removes a referrer with the last name that records it', async () => {
  await put(image('a/b:1', signature, sbom), image('a/b:2', signature))
  await remove('a/b:1')
  expect(unnamedDigests()).toEqual([signature.digest])
  await put(image('a/b:2', sbom))
  expect(unnamedDigests()).toEqual([sbom.digest])
  await remove('a/b:2')
  expect(index().manifests).toEqual([])
})

it('knows its entries again after another tool has written the file in its own layout', async () => {
  await put(image('a/b:1', signature))
  const manifests = index().manifests.map(({ annotations, ...rest }) => ({ ...rest, annotations }))
  const own = { ...referrer('of another tool') }
  writeFileSync(path(), JSON.stringify({ manifests: [...manifests, own], schemaVersion: 2 }, undefined, 2))
  await put(image('a/b:2', signature))
  expect(unnamedDigests()).toEqual([signature.digest, own.digest])
  await remove('a/b:1')
  await remove('a/b:2')
  expect(index().manifests).toEqual([own])
})

it('asks again for the referrers of a name whose record another tool has damaged', async () => {
  await put(image('a/b:1', signature))
  writeFileSync(path(), readFileSync(path(), 'utf8').replace('\\"askedAt\\"', '\\"asked'))
  await using store = await openLocalStore(root.path, { create: false })
  expect(await store.names.get('a/b:1')).toMatchObject({ name: 'a/b:1', selection: 'all' })
  expect((await store.names.get('a/b:1')).referrers).toBeUndefined()
})
