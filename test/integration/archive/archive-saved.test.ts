import { digestOf, hostPlatform, mediaTypes } from '@dist/oci'
import {
  allContent,
  digestsOf,
  type FixtureImage,
  fixtureBlob,
  imageIndex,
  ociImage,
  readTree,
  type TarEntry,
  tarArchive,
  tarLayer,
  uncompressedLayer,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { rehash } from '../support/store-files.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const dist = (...args: string[]) => workspace().dist(args)

const name = 'docker.io/library/app:1'
const platform = hostPlatform()
const layers = ['one', 'two'].map((text) => tarLayer([{ path: `etc/${text}`, content: text }]))
const image = ociImage({ layers, platform })
const foreign = ociImage({
  layers: [tarLayer([{ path: 'etc/s390x' }])],
  platform: { os: 'linux', architecture: 's390x' },
})

/** BuildKit's attestation about an image. */
function attestationOf({ descriptor }: FixtureImage): FixtureImage {
  const statement = ociImage({ layers: [tarLayer([{ path: `about-${descriptor.digest.slice(-8)}` }])] })
  const annotations = { 'vnd.docker.reference.digest': descriptor.digest }
  const unknown = { os: 'unknown', architecture: 'unknown' }
  return { ...statement, descriptor: { ...statement.descriptor, platform: unknown, annotations } }
}

const about = attestationOf(image)
const index = imageIndex([foreign, image, about])

const json = (path: string, content: unknown): TarEntry => ({ path, content: JSON.stringify(content) })
const blobPath = (digest: string) => `blobs/${digest.replace(':', '/')}`
const blob = (bytes: Uint8Array): TarEntry => ({ path: blobPath(digestOf(bytes)), content: bytes })
const layout = json('oci-layout', { imageLayoutVersion: '1.0.0' })
const indexJson = (...manifests: unknown[]) => json('index.json', { schemaVersion: 2, manifests })
const named = (desc: object) => ({ ...desc, annotations: { 'io.containerd.image.name': name } })

function archive(...entries: readonly TarEntry[]): string {
  return workspace().file(
    'in.tar',
    tarArchive([...new Map(entries.map((each) => [each.path, each])).values()]),
  )
}

const plain = layers.map((layer) => uncompressedLayer(layer))
const config = Buffer.concat([...(image.blobs[0]?.open() ?? [])])
const dockerFiles = [
  blob(config),
  ...plain.map(blob),
  json('manifest.json', [
    {
      Config: blobPath(digestOf(config)),
      RepoTags: ['app:1'],
      Layers: plain.map((layer) => blobPath(digestOf(layer))),
    },
  ]),
]

async function unpackedTree(): Promise<object> {
  const ended = await dist('unpack', name)
  expect(ended.code, ended.stderr).toBe(0)
  return readTree(linesOf(ended.stdout)[0]?.split(' ').at(-1) ?? '')
}
const whole = { 'etc/one': { content: 'one' }, 'etc/two': { content: 'two' } }

it.each([
  ['no attestation', []],
  ['an attestation without its content', [about.descriptor.digest]],
])(
  'A1 a docker save of one platform, with the index of all and %s, is imported and used',
  async (_, more) => {
    const held = new Set<string>([...digestsOf(image), index.descriptor.digest, ...more])
    const contents = allContent(index).filter(({ descriptor }) => held.has(descriptor.digest))
    const blobs = contents.map(({ open }) => blob(Buffer.concat([...open()])))
    const ended = await dist('import', archive(layout, ...blobs, indexJson(named(index.descriptor))))
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stdout).toBe(`${name} ${index.descriptor.digest}\n`)
    expect(jsonLines((await dist('images', '--json')).stdout)).toMatchObject([
      { name, digest: index.descriptor.digest, platforms: [`linux/${platform.architecture}`], missing: [] },
    ])
    expect(await rehash(workspace().store)).toEqual([...digestsOf(image), index.descriptor.digest].sort())
    expect(await dist('verify')).toMatchObject({ code: 0 })
    expect(await unpackedTree()).toMatchObject(whole)
    const carried = await workspace().shell(`dist export ${name} | dist import --store other`)
    expect(carried.code, carried.stderr).toBe(0)
    expect(await dist('verify', '--store', 'other', name)).toMatchObject({ code: 0 })
  },
)

it.each([
  ['"manifests" is null', json('index.json', { schemaVersion: 2, manifests: null })],
  ['no manifest stands', indexJson()],
])('A2 manifest.json wins over an index.json in which %s', async (_, nothing) => {
  expect((await dist('import', archive(layout, nothing, ...dockerFiles))).code).toBe(0)
  expect(await unpackedTree()).toMatchObject(whole)
})

it('A2 manifest.json wins over a manifest that lacks a layer of its config, and what is left out is reported', async () => {
  const described = (mediaType: string, bytes: Uint8Array) => fixtureBlob(bytes, mediaType).descriptor
  const wrong = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: described(mediaTypes.ociConfig, config),
      layers: plain.slice(0, 1).map((layer) => described(mediaTypes.ociLayer, layer)),
    }),
  )
  const listed = indexJson(named(described(mediaTypes.ociManifest, wrong)))
  const ended = await dist('import', archive(layout, blob(wrong), listed, ...dockerFiles))
  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stdout).toMatch(new RegExp(`^${name} sha256:`))
  expect(ended.stdout).not.toContain(digestOf(wrong))
  expect(ended.stderr).toMatch(/^dist: left out 1 file \(\d+ B\) that no image of the archive needs$/m)
  expect(await unpackedTree()).toMatchObject(whole)
})

it('A3 a config whose name is not its digest is accepted', async () => {
  const path = `${'0'.repeat(64)}.json`
  const files = plain.map((layer, i) => ({ path: `${i}/layer.tar`, content: layer }))
  const list = [{ Config: path, RepoTags: ['app:1'], Layers: files.map((file) => file.path) }]
  const ended = await dist(
    'import',
    archive({ path, content: config }, ...files, json('manifest.json', list)),
  )
  expect(ended.code, ended.stderr).toBe(0)
  expect(await unpackedTree()).toMatchObject(whole)
})

it('L18 an archive and its layers may lack the last two blocks of their tars', async () => {
  const open = plain.map((layer) => layer.slice(0, -1024))
  const odd = {
    ...JSON.parse(config.toString()),
    rootfs: { type: 'layers', diff_ids: open.map((layer) => digestOf(layer)) },
  }
  const files = open.map((layer, i) => ({ path: `${i}.tar`, content: layer }))
  const list = [{ Config: 'config.json', RepoTags: ['app:1'], Layers: files.map((file) => file.path) }]
  const bytes = tarArchive([json('config.json', odd), ...files, json('manifest.json', list)]).slice(0, -1024)
  const ended = await dist('import', workspace().file('open.tar', bytes))
  expect(ended.code, ended.stderr).toBe(0)
  expect(await unpackedTree()).toMatchObject(whole)
})
