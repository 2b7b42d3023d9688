import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createStore, type Draft, type Expected, MemoryDriver } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { digestOf, mediaTypes } from '@dist/oci'
import { dockerImage, ociImage, seededLayer, type TarEntry, tarLayer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { parseGivenName } from '../src/index.js'
import {
  blobFiles,
  dockerParts,
  dockerSaved,
  file,
  importEntries,
  indexFile,
  layoutFile,
  listed,
  refName,
  skopeoArchive,
} from './support/archives.js'
import { errorOf } from './support/errors.js'
import { digestsOf, TestStore } from './support/store.js'

const small = tarLayer([{ path: 'etc/motd', content: 'hello' }])
const large = seededLayer('large', 1_500_000)
const image = dockerImage({ layers: [small, large, small], config: { config: { Cmd: ['sh'] } } })
const other = ociImage({ layers: [small] })
const parts = dockerParts(image)
const zstd = (bytes: Uint8Array) => spawnSync('zstd', ['-c'], { input: bytes, maxBuffer: 2 ** 30 }).stdout

const described = (mediaType: string, bytes: Uint8Array) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.byteLength,
})

/** The expected manifest of an image with these bytes. */
function manifestFor(config: Uint8Array, layers: readonly Uint8Array[], type: string = mediaTypes.ociLayer) {
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: described(mediaTypes.ociConfig, config),
    layers: layers.map((layer) => described(type, layer)),
  }
  return described(mediaTypes.ociManifest, Buffer.from(JSON.stringify(document)))
}

const made = manifestFor(parts.config, parts.layers)
const contentOf = (...all: readonly Uint8Array[]) => [...new Set(all.map((bytes) => digestOf(bytes)))]
const madeContent = [made.digest, ...contentOf(parts.config, ...parts.layers)].sort()

it.each([
  ['skopeo', skopeoArchive([[image, ['app:1']]])],
  ['docker save', dockerSaved(image, ['app:1'])],
])('an archive of %s gets an OCI manifest; config and layers are unchanged', async (_, entries) => {
  const store = new TestStore()
  const { images, objects, added } = await importEntries(entries, store)
  expect(images).toEqual([{ name: 'docker.io/library/app:1', desc: made, selection: 'all' }])
  expect({ objects, added }).toEqual({ objects: 4, added: 4 })
  expect(await store.digests()).toEqual(madeContent)
})

it('the same image has the same digest, from any tool and at any time', async () => {
  const store = new TestStore()
  const digests: string[] = []
  for (const entries of [
    skopeoArchive([[image, ['a:1']]]),
    dockerSaved(image, ['b:1']),
    dockerSaved(image, ['a:1']),
  ])
    digests.push(...(await importEntries(entries, store)).images.map(({ desc }) => desc.digest))
  expect(digests).toEqual([made.digest, made.digest, made.digest])
  expect(await store.digests()).toEqual(madeContent)
})

it('several images share layers, and have all of their tags', async () => {
  const store = new TestStore()
  const entries = skopeoArchive([
    [image, ['app:1', 'quay.io/a/app:1']],
    [other, ['other:2']],
  ])
  const { images } = await importEntries(entries, store)
  expect(images.map(({ name }) => name)).toEqual([
    'docker.io/library/app:1',
    'quay.io/a/app:1',
    'docker.io/library/other:2',
  ])
})

it('an image without tags needs a name', async () => {
  await expect(importEntries(dockerSaved(image, null), new TestStore())).rejects.toEqual(
    errorOf('INVALID_ARGUMENT', made.digest, '--name'),
  )
  const name = parseGivenName('quay.io/a/app')
  const { images } = await importEntries(dockerSaved(image, null), new TestStore(), { name })
  expect(images.map((each) => each.name)).toEqual([`quay.io/a/app@${made.digest}`])
})

it.each([
  ['gzip', gzipSync, mediaTypes.ociLayerGzip],
  ['zstd', zstd, mediaTypes.ociLayerZstd],
])('compressed layers stay compressed (%s)', async (_, compress, type) => {
  const layers = parts.layers.map((layer) => Buffer.from(compress(layer)))
  const list = [{ Config: 'config.json', RepoTags: ['app:1'], Layers: ['0.tar', '1.tar', '0.tar'] }]
  const entries = [
    file('config.json', parts.config),
    ...layers.slice(0, 2).map((layer, i) => file(`${i}.tar`, layer)),
    file('manifest.json', list),
  ]
  const store = new TestStore()
  const { images } = await importEntries(entries, store)
  expect(images).toMatchObject([{ desc: manifestFor(parts.config, layers, type) }])
  expect(await store.digests()).toHaveLength(4)
})

it('an archive of both forms is imported as the layout', async () => {
  const { config, layers } = dockerParts(other)
  const list = [
    { Config: digestOf(config).replace(':', '/'), RepoTags: ['no:1'], Layers: layers.map(String) },
  ]
  const entries = [
    ...blobFiles([other]),
    indexFile(listed(other, { [refName]: 'yes:1' })),
    file('manifest.json', list),
    layoutFile,
  ]
  const store = new TestStore()
  const { images } = await importEntries(entries, store)
  expect(images.map(({ name, desc }) => [name, desc.digest])).toEqual([
    ['docker.io/library/yes:1', other.descriptor.digest],
  ])
  expect(await store.digests()).toEqual(digestsOf(other))
})

it('manifest.json may name the blobs of a layout', async () => {
  const [config, layer] = other.blobs.map(({ descriptor }) => `blobs/${descriptor.digest.replace(':', '/')}`)
  const list = [{ Config: config, RepoTags: ['app:1'], Layers: [layer] }]
  const store = new TestStore()
  await importEntries([...blobFiles([other]), file('manifest.json', list)], store)
  expect(await store.digests()).toHaveLength(3)
})

it.each([`${'0'.repeat(64)}.json`, `sha256:${'0'.repeat(64)}`, 'app/config'])(
  'A3 a config may be called otherwise than by its digest: %s',
  async (Config) => {
    const list = [{ Config, RepoTags: ['app:1'], Layers: ['0.tar', '1.tar', '0.tar'] }]
    const layers = parts.layers.slice(0, 2).map((layer, i) => file(`${i}.tar`, layer))
    const store = new TestStore()
    const { images } = await importEntries(
      [file(Config, parts.config), ...layers, file('manifest.json', list)],
      store,
    )
    expect(images).toMatchObject([{ desc: made }])
    expect(await store.digests()).toEqual(madeContent)
  },
)

describe('nothing is imported, and nothing stays, of an archive', () => {
  const entriesOf = (changes: Record<string, unknown>, config: unknown = parts.config): TarEntry[] => [
    file('config.json', config),
    file('0.tar', parts.layers[0]),
    file('1.tar', parts.layers[1]),
    file('manifest.json', [
      { Config: 'config.json', RepoTags: ['app:1'], Layers: ['0.tar', '1.tar', '0.tar'], ...changes },
    ]),
  ]
  async function refused(entries: readonly TarEntry[]): Promise<unknown> {
    const store = new TestStore()
    const failure = await importEntries(entries, store).catch((error: unknown) => error)
    expect(await store.digests()).toEqual([])
    expect(await store.images()).toEqual([])
    return failure
  }
  const diffs = (...diff_ids: unknown[]) => ({ rootfs: { type: 'layers', diff_ids } })
  const [first, second] = parts.layers.map((layer) => digestOf(layer))

  it('L15 whose layers differ from the config', async () => {
    expect(await refused(entriesOf({ Layers: ['1.tar', '0.tar', '0.tar'] }))).toEqual(
      errorOf('FAILED_PRECONDITION', '1.tar', `${first}`, `${second}`),
    )
    const compressed = file('0.tar', gzipSync('something else'))
    const entries = entriesOf({}).map((entry) => (entry.path === '0.tar' ? compressed : entry))
    expect(await refused(entries)).toEqual(errorOf('FAILED_PRECONDITION', '0.tar', `${first}`))
  })

  it('L15 with more layers, or fewer, than the config has', async () => {
    expect(await refused(entriesOf({ Layers: ['0.tar'] }))).toEqual(
      errorOf('MALFORMED', 'config.json', '3', '1'),
    )
    expect(await refused(entriesOf({}, diffs(first)))).toEqual(errorOf('MALFORMED', 'config.json'))
  })

  it('that lacks a layer, or the config', async () => {
    expect(await refused(entriesOf({ Layers: ['0.tar', '2.tar', '0.tar'] }))).toEqual(
      errorOf('MALFORMED', '2.tar', 'not in the archive'),
    )
    expect(await refused(entriesOf({ Config: 'gone.json' }))).toEqual(errorOf('MALFORMED', 'gone.json'))
  })

  it('whose links form a circle', async () => {
    const links = [
      { path: 'a', link: 'b' },
      { path: 'b', link: 'a' },
    ]
    expect(await refused([...entriesOf({ Layers: ['a', '1.tar', '0.tar'] }), ...links])).toEqual(
      errorOf('MALFORMED', '"a"'),
    )
  })

  it.each([
    ['no JSON', '{', 'config.json'],
    ['no layers in it', { rootfs: {} }, 'config.json'],
    ['none', {}, 'diff_ids'],
    ['diff_ids that are no digests', diffs('x', 'y', 'z'), 'diff_id'],
  ])('with a config that has %s', async (_, config, said) => {
    expect(await refused(entriesOf({}, config))).toEqual(errorOf('MALFORMED', said))
  })

  it('with a config that is too large', async () => {
    const config = Buffer.alloc(8 * 1024 * 1024 + 1, ' ')
    expect(await refused(entriesOf({}, config))).toEqual(errorOf('MALFORMED', 'config.json'))
  })

  it.each([
    [{ Config: 7 }],
    [{ Layers: 'all' }],
    [{ Layers: [1] }],
    [{ RepoTags: {} }],
    [{ RepoTags: ['Not A Name'] }],
  ])('with an invalid list: %j', async (changes) => {
    expect(await refused(entriesOf(changes))).toEqual(errorOf('MALFORMED'))
  })

  it.each(['{}', '[1]', 'x'])('with a manifest.json that is not a list: %s', async (content) => {
    expect(await refused([file('manifest.json', content)])).toEqual(errorOf('MALFORMED', 'manifest.json'))
  })
})

describe('a store that needs the digest of larger content', () => {
  /** As a bucket does. */
  class Particular extends MemoryDriver {
    override async draft(ref: string, expected: Expected): Promise<Draft> {
      const draft = await super.draft(ref, expected)
      let size = 0
      return {
        ...draft,
        append: async (chunk: Uint8Array) => {
          size += chunk.byteLength
          if (size > 1_000_000 && expected.digest === undefined)
            throw new DistError('INVALID_ARGUMENT', 'it needs the expected digest')
          await draft.append(chunk)
        },
      }
    }
  }

  it('gets layers from temporary files, which are deleted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dist-spool-'))
    try {
      const store = new TestStore()
      const content = createStore(new Particular())
      const entries = skopeoArchive([[image, ['app:1']]])
      const target = Object.assign(store, { content })
      await expect(importEntries(entries, target)).rejects.toEqual(errorOf('INVALID_ARGUMENT'))
      const { images } = await importEntries(entries, target, { spool: folder })
      expect(images).toMatchObject([{ desc: made }])
      expect(readdirSync(folder)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('a directory that cannot be written is named in the error', async () => {
    const nowhere = join(tmpdir(), 'no', 'such', 'folder')
    const failure = importEntries(skopeoArchive([[image, ['app:1']]]), new TestStore(), { spool: nowhere })
    await expect(failure).rejects.toEqual(errorOf('INVALID_ARGUMENT', nowhere, 'ENOENT'))
  })
})
