import { digestOf, maxChildren, mediaTypes } from '@dist/oci'
import {
  allContent,
  dockerImage,
  fixtureBlob,
  imageIndex,
  ociImage,
  seededLayer,
  tarLayer,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { importArchive, planArchive, writeArchive } from '../src/index.js'
import { errorOf } from './support/errors.js'
import { documentIn, listArchive } from './support/listing.js'
import { bytesOf, digestsOf, TestStore, toAsync } from './support/store.js'

const amd64 = ociImage({ layers: [seededLayer('shared', 3000), seededLayer('amd64', 2000)] })
const arm64 = ociImage({
  layers: [seededLayer('shared', 3000), seededLayer('arm64', 2000)],
  platform: { os: 'linux', architecture: 'arm64' },
})
const both = imageIndex([amd64, arm64])
const name = 'registry.example.com/app:1'

async function exported(store: TestStore, ...names: string[]): Promise<Buffer> {
  const images = await Promise.all(names.map((each) => store.names.get(each)))
  const plan = await planArchive(images, store.content)
  const archive = await bytesOf(writeArchive(plan, store.content))
  expect(archive.byteLength).toBe(plan.size)
  return archive
}

const blobsOf = (digests: readonly string[]) => digests.map((digest) => `blobs/${digest.replace(':', '/')}`)

it('an archive is an OCI image layout: every blob once, then the index', async () => {
  const store = new TestStore()
  await store.add(name, both)
  await store.add('docker.io/library/app:1', amd64)
  const archive = await exported(store, name, 'docker.io/library/app:1')
  const names = listArchive(archive).map((file) => file.name)
  expect(names).toEqual(['oci-layout', ...blobsOf(digestsOf(both)), 'index.json'])
  expect(documentIn(archive, 'oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' })
  for (const file of listArchive(archive).filter((each) => each.name.startsWith('blobs/')))
    expect(blobsOf([digestOf(file.content)])).toEqual([file.name])
})

it('index.json has complete names, for readers of layouts and for containerd', async () => {
  const store = new TestStore()
  await store.add(name, both)
  await store.add('copied', amd64)
  const { manifests } = documentIn(await exported(store, name, 'copied'), 'index.json') as {
    manifests: unknown[]
  }
  expect(manifests).toEqual([
    {
      ...{ mediaType: mediaTypes.ociManifest, digest: amd64.descriptor.digest, size: amd64.content.length },
      annotations: { 'org.opencontainers.image.ref.name': 'copied', 'dev.dist.selection': 'all' },
    },
    {
      ...both.descriptor,
      annotations: {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': name,
        'dev.dist.selection': 'all',
      },
    },
  ])
})

it('the same images in any order make the same bytes', async () => {
  const [first, second] = [new TestStore(), new TestStore()]
  await first.add(name, both)
  await first.add('docker.io/library/b:2', amd64)
  await second.add('docker.io/library/b:2', amd64)
  await second.add(name, both)
  const archive = await exported(first, name, 'docker.io/library/b:2')
  expect(archive.equals(await exported(second, 'docker.io/library/b:2', name, name))).toBe(true)
  for (const { owner, modified } of listArchive(archive))
    expect({ owner, modified }).toEqual({ owner: '0:0', modified: 0 })
})

it('a sparse image is exported without unselected content, its index byte for byte', async () => {
  const store = new TestStore()
  await store.add(name, both, { selection: ['linux/arm64'] })
  const archive = await exported(store, name)
  const held = [...digestsOf(arm64), both.descriptor.digest].sort()
  expect(listArchive(archive).map((file) => file.name)).toEqual([
    'oci-layout',
    ...blobsOf(held),
    'index.json',
    'manifest.json',
  ])
  expect(documentIn(archive, 'index.json')).toMatchObject({
    manifests: [{ digest: both.descriptor.digest, annotations: { 'dev.dist.selection': 'linux/arm64' } }],
  })
})

it('with one platform, its manifest is the image', async () => {
  const store = new TestStore()
  const byDigest = `registry.example.com/app@${both.descriptor.digest}`
  const images = [await store.add(name, both), await store.add(byDigest, both)]
  const platform = { os: 'linux', architecture: 'arm64' }
  const plan = await planArchive(images, store.content, { platform })
  const { digest, size, mediaType } = arm64.descriptor
  const desc = { digest, size, mediaType }
  expect(plan.images).toEqual([
    { name, desc, selection: 'all' },
    { name: `registry.example.com/app@${digest}`, desc, selection: 'all' },
  ])
  expect(plan.objects.map((object) => object.digest)).toEqual(digestsOf(arm64))
})

it('a platform that the image or the store lacks is not found', async () => {
  const store = new TestStore()
  const whole = await store.add(name, both)
  const plan = (architecture: string) =>
    planArchive([whole], store.content, { platform: { os: 'linux', architecture } })
  await expect(plan('s390x')).rejects.toEqual(
    errorOf('NOT_FOUND', name, 'linux/s390x', 'linux/amd64, linux/arm64'),
  )
  await store.content.delete(arm64.descriptor.digest)
  await expect(plan('arm64')).rejects.toEqual(errorOf('NOT_FOUND', name, arm64.descriptor.digest))
})

it('an incomplete image is not exported; the error names what the store lacks', async () => {
  const store = new TestStore()
  await store.add(name, amd64)
  const [, layer] = amd64.blobs
  await store.content.delete(layer?.descriptor.digest ?? amd64.descriptor.digest)
  await expect(exported(store, name)).rejects.toEqual(
    errorOf('NOT_FOUND', name, layer?.descriptor.digest ?? ''),
  )
})

it('S20 a damaged blob fails the archive before its index, with digest and name', async () => {
  for (const change of [(bytes: Buffer) => bytes.fill(7, 0, 1), (b: Buffer) => Buffer.concat([b, b])]) {
    const store = new TestStore()
    const image = await store.add(name, amd64)
    const plan = await planArchive([image], store.content)
    const [, layer] = amd64.blobs
    const digest = layer?.descriptor.digest ?? amd64.descriptor.digest
    await store.damage(digest, change(Buffer.concat([...(layer?.open() ?? [])])))
    const written: Uint8Array[] = []
    const reading = (async () => {
      for await (const chunk of writeArchive(plan, store.content)) written.push(chunk)
    })()
    await expect(reading).rejects.toEqual(errorOf('FAILED_PRECONDITION', name, digest))
    expect(Buffer.concat(written).includes('index.json')).toBe(false)
  }
})

it('S20 a damaged manifest is an error before anything is written', async () => {
  const store = new TestStore()
  const image = await store.add(name, both)
  await store.damage(amd64.descriptor.digest, Buffer.from(amd64.content).fill(' ', 1, 2))
  await expect(planArchive([image], store.content)).rejects.toEqual(
    errorOf('FAILED_PRECONDITION', name, amd64.descriptor.digest),
  )
})

it('foreign layers that are not stored are left out and reported', async () => {
  const store = new TestStore()
  const foreign = { ...fixtureBlob('theirs', mediaTypes.dockerForeignLayerGzip), diffID: digestOf('x') }
  const image = ociImage({ layers: [foreign, seededLayer('own', 500)] })
  const content = allContent(image).filter(({ descriptor }) => descriptor !== foreign.descriptor)
  const published = await store.add(name, image, { content })
  const plan = await planArchive([published], store.content)
  expect(plan.foreign).toEqual([foreign.descriptor])
  expect(plan.objects).toHaveLength(content.length)
  expect(plan.notForDocker).toBe(`${name} lacks its foreign layers`)
})

it('more images than an index may list are refused before anything is read', async () => {
  const image = { desc: amd64.descriptor, selection: 'all' as const }
  const many = Array.from({ length: maxChildren + 1 }, (_, i) => ({ ...image, name: `a.example.com/b:${i}` }))
  await expect(planArchive(many, new TestStore().content)).rejects.toEqual(
    errorOf('INVALID_ARGUMENT', `${maxChildren + 1}`, `maximum ${maxChildren}`),
  )
})

it('writing an archive ends at an abort', async () => {
  const store = new TestStore()
  const plan = await planArchive([await store.add(name, amd64)], store.content)
  await expect(bytesOf(writeArchive(plan, store.content, AbortSignal.abort()))).rejects.toEqual(
    errorOf('CANCELED'),
  )
})

it('images with sha512 digests are exported', async () => {
  const store = new TestStore()
  const layer = tarLayer([{ path: 'a', content: 'a' }])
  const bytes = Buffer.concat([...layer.open()])
  const strong = { ...layer, descriptor: { ...layer.descriptor, digest: digestOf(bytes, 'sha512') } }
  const archive = await exported(store, (await store.add(name, dockerImage({ layers: [strong] }))).name)
  const path = `blobs/sha512/${strong.descriptor.digest.slice(7)}`
  expect(archive.includes(`path=${path}\n`)).toBe(true)
  const to = new TestStore()
  await importArchive(toAsync([archive]), to)
  expect(await to.digests()).toEqual(await store.digests())
})
