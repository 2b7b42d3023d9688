import { bareDescriptor, digestOf, mediaTypes } from '@dist/oci'
import {
  dockerImage,
  type FixtureImage,
  fixtureBlob,
  imageIndex,
  ociImage,
  seededLayer,
} from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { collectImage } from '../src/collect.js'
import { describeForDocker } from '../src/docker.js'
import { planArchive, writeArchive } from '../src/index.js'
import { documentIn } from './support/listing.js'
import { bytesOf, TestStore } from './support/store.js'

const amd64 = dockerImage({ layers: [seededLayer('a', 1000), seededLayer('b', 1000)] })
const arm64 = ociImage({
  layers: [seededLayer('c', 1000)],
  platform: { os: 'linux', architecture: 'arm64' },
})

async function planned(images: Record<string, FixtureImage>) {
  const store = new TestStore()
  for (const [name, image] of Object.entries(images)) await store.add(name, image)
  const plan = await planArchive(await store.images(), store.content)
  const archive = await bytesOf(writeArchive(plan, store.content))
  return { plan, manifest: documentIn(archive, 'manifest.json') }
}

const pathsOf = (image: FixtureImage) =>
  image.blobs.map(({ descriptor }) => `blobs/${descriptor.digest.replace(':', '/')}`)

function entryOf(image: FixtureImage, RepoTags: readonly string[] | null) {
  const [Config, ...Layers] = pathsOf(image)
  return { Config, RepoTags, Layers }
}

it('manifest.json has each image once, with its tags as docker writes them', async () => {
  const { plan, manifest } = await planned({
    'docker.io/library/app:1': amd64,
    'docker.io/library/app:latest': amd64,
    'quay.io/b/c:2': arm64,
  })
  expect(plan.notForDocker).toBeUndefined()
  expect(manifest).toEqual([entryOf(amd64, ['app:1', 'app:latest']), entryOf(arm64, ['quay.io/b/c:2'])])
})

it('names without a tag have no tag for docker', async () => {
  const { manifest } = await planned({
    copied: amd64,
    [`quay.io/b/c@${arm64.descriptor.digest}`]: arm64,
  })
  expect(manifest).toEqual([entryOf(amd64, null), entryOf(arm64, null)])
})

it('an index with one platform is exported as that image', async () => {
  const attestation = ociImage({
    layers: [seededLayer('statement', 100)],
    platform: { os: 'unknown', architecture: 'unknown' },
  })
  const { manifest } = await planned({ 'quay.io/b/c:2': imageIndex([arm64, attestation]) })
  expect(manifest).toEqual([entryOf(arm64, ['quay.io/b/c:2'])])
})

it('a manifest.json that is too long to be imported is left out', async () => {
  const store = new TestStore()
  const image = await store.add('quay.io/b/c:2', amd64)
  const collected = { ...image, ...(await collectImage(image, store.content)) }
  const described = await describeForDocker([collected], store.content)
  const length = JSON.stringify('entries' in described && described.entries).length
  expect(await describeForDocker([collected], store.content, length)).toEqual(described)
  const reason = 'the list of 1 images is too long'
  expect(await describeForDocker([collected], store.content, length - 1)).toEqual({ reason })
})

describe('without a manifest.json, and with the reason,', () => {
  const config = fixtureBlob('{}', mediaTypes.ociConfig)
  const manifestOf = (document: object, blobs: FixtureImage['blobs']): FixtureImage => {
    const content = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...document }),
    )
    const descriptor = {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf(content),
      size: content.byteLength,
    }
    return { descriptor, content, blobs, children: [] }
  }
  const layer = fixtureBlob('layer', mediaTypes.ociLayer)
  const strange = fixtureBlob('chart', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')
  const helm = fixtureBlob('{}', 'application/vnd.cncf.helm.config.v1+json')
  const odd = fixtureBlob('no json', mediaTypes.ociConfig)
  const of = (conf: typeof config, ...layers: (typeof layer)[]) =>
    manifestOf({ config: bareDescriptor(conf.descriptor), layers: layers.map((each) => each.descriptor) }, [
      conf,
      ...layers,
    ])
  const cases: [string, FixtureImage, string][] = [
    ['an index of several platforms', imageIndex([amd64, arm64]), 'has 2 platforms'],
    ['an index of none', imageIndex([]), 'has 0 platforms'],
    ['an artifact', of(helm, layer), 'is an artifact'],
    ['layers of other kinds', of(config, strange), 'has layers of a type that docker does not unpack'],
    ['a config without layers', of(config, layer), 'has a config with another number of layers'],
    ['a config that is not JSON', of(odd, layer), 'has a config with another number of layers'],
  ]

  it.each(cases)('%s', async (_, image, reason) => {
    const { plan, manifest } = await planned({ 'docker.io/library/x:1': image, 'quay.io/fine:1': amd64 })
    expect(manifest).toBeUndefined()
    expect(plan.notForDocker).toBe(`docker.io/library/x:1 ${reason}`)
  })
})
