import type { Image } from '@dist/content'
import { bareDescriptor, type Descriptor } from '@dist/oci'
import { artifactOf, type FixtureImage, ociImage, seededLayer, tarLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { importArchive, planArchive, writeArchive } from '../src/index.js'
import { parseGivenName } from '../src/naming.js'
import { errorOf } from './support/errors.js'
import { documentIn } from './support/listing.js'
import { bytesOf, TestStore, toAsync } from './support/store.js'

const image = ociImage({ layers: [tarLayer([{ path: 'a', content: 'text' }])] })
const signature = artifactOf(image, 'a signature')
const cosigned = ociImage({ layers: [seededLayer('signed by cosign', 300)] })
const tag = `${image.descriptor.digest.replace(':', '-')}.sig`
const name = 'registry.example.com/app:1'
const artifactType = 'application/vnd.example.signature'
const referrer: Descriptor = { ...bareDescriptor(signature.descriptor), artifactType }

const nameOf = (each: string) => `registry.example.com/app:${each}`

/** A store with a signed image. */
async function signed(): Promise<TestStore> {
  const store = new TestStore()
  await store.add(nameOf('x'), signature)
  await store.names.delete(nameOf('x'))
  await store.add(nameOf(tag), cosigned)
  const published = await store.add(name, image)
  const referrers = { types: 'all' as const, askedAt: 1_700_000_000_000, manifests: [referrer], tags: [tag] }
  await store.names.put({ ...published, referrers })
  return store
}

async function exported(store: TestStore, images?: readonly Image[]): Promise<Buffer> {
  const plan = await planArchive(images ?? (await store.images()), store.content)
  return bytesOf(writeArchive(plan, store.content))
}

const contentOf = (...images: FixtureImage[]) =>
  images.flatMap(({ descriptor, blobs }) => [
    descriptor.digest,
    ...blobs.map((blob) => blob.descriptor.digest),
  ])

it('an archive has the recorded referrers, without names, and docker’s list only the image', async () => {
  const archive = await exported(await signed())
  const { manifests } = documentIn(archive, 'index.json') as { manifests: Descriptor[] }
  expect(manifests.map(({ digest }) => digest)).toEqual([
    image.descriptor.digest,
    cosigned.descriptor.digest,
    signature.descriptor.digest,
  ])
  expect(manifests.at(-1)).toEqual(referrer)
  expect(documentIn(archive, 'manifest.json')).toMatchObject([{ RepoTags: ['registry.example.com/app:1'] }])
})

it('an import brings them back, with their record', async () => {
  const from = await signed()
  const to = new TestStore()
  const outcome = await importArchive(toAsync([await exported(from)]), to)
  expect(outcome.nameless).toEqual([])
  expect(await to.images()).toEqual(await from.images())
  expect(new Set(await to.digests())).toEqual(new Set(contentOf(image, signature, cosigned)))
})

it('an image that gets another name keeps them: tags of cosign follow it into its repository', async () => {
  const to = new TestStore()
  await importArchive(toAsync([await exported(await signed())]), to, {
    name: parseGivenName('other.example.com/team/app:2'),
  })
  expect((await to.images()).map((each) => each.name)).toEqual([
    'other.example.com/team/app:2',
    `other.example.com/team/app:${tag}`,
  ])
  expect((await to.names.get('other.example.com/team/app:2')).referrers?.manifests).toEqual([referrer])
})

it('with one platform the image has none', async () => {
  const store = await signed()
  const platform = { os: 'linux', architecture: 'amd64' }
  const plan = await planArchive([await store.names.get(name)], store.content, { platform })
  expect(plan.objects.map(({ digest }) => digest)).not.toContain(signature.descriptor.digest)
})

it('an image without the content of a recorded referrer is not exported', async () => {
  const store = await signed()
  await store.content.delete(signature.descriptor.digest)
  await expect(exported(store)).rejects.toEqual(errorOf('NOT_FOUND', name, signature.descriptor.digest))
})

it.each([
  ['is not JSON', '{'],
  ['is no record', '{"types":"all"}'],
  [
    'has a tag that is not one of cosign',
    JSON.stringify({ types: 'all', askedAt: 1, manifests: [], tags: ['latest'] }),
  ],
  [
    'names a digest that is none',
    JSON.stringify({ types: 'all', askedAt: 1, manifests: [{ ...referrer, digest: 'x' }], tags: [] }),
  ],
])('a record that %s is MALFORMED', async (_, record) => {
  const store = await signed()
  const plan = await planArchive(await store.images(), store.content)
  const index = JSON.parse(Buffer.from(plan.documents.get('index.json') ?? '').toString())
  index.manifests[0].annotations['dev.dist.referrers'] = record
  const bytes = Buffer.from(JSON.stringify(index))
  const documents = new Map([...plan.documents, ['index.json', bytes]])
  // Docker's list would take the place of a wrong index.
  documents.delete('manifest.json')
  const archive = await bytesOf(writeArchive({ ...plan, documents }, store.content))
  const to = new TestStore()
  await expect(importArchive(toAsync([archive]), to)).rejects.toEqual(errorOf('MALFORMED'))
  expect([await to.images(), await to.digests()]).toEqual([[], []])
})
