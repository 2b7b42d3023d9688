import { spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { bareDescriptor, digestOf } from '@dist/oci'
import { imageIndex, ociImage, seededLayer, tarArchive } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { importArchive, parseGivenName } from '../src/index.js'
import {
  blobFile,
  blobFiles,
  containerdName,
  dockerSaved,
  file,
  importEntries,
  indexFile,
  layoutFile,
  layoutOf,
  listed,
  refName,
} from './support/archives.js'
import { errorOf } from './support/errors.js'
import { digestsOf, TestStore, toAsync } from './support/store.js'

const linux = (architecture: string) => ({ os: 'linux', architecture })
const amd64 = ociImage({ layers: [seededLayer('shared', 3000), seededLayer('amd64', 2000)] })
const arm64 = ociImage({
  layers: [seededLayer('shared', 3000), seededLayer('arm64', 2000)],
  platform: linux('arm64'),
})
const both = imageIndex([amd64, arm64])
const large = ociImage({ layers: [seededLayer('large', 3_000_000)] })
const name = 'registry.example.com/app:1'

it('an image of a layout is imported under its name, byte for byte', async () => {
  const store = new TestStore()
  const outcome = await importEntries(layoutOf(both, name), store)
  const image = { name, desc: bareDescriptor(both.descriptor), selection: 'all' }
  expect(outcome).toEqual({ images: [image], nameless: [], foreign: [], objects: 8, added: 8 })
  expect(await store.images()).toEqual([image])
  expect(await store.digests()).toEqual(digestsOf(both))
})

it.each([512, 1024, 1024 + 100])(
  'L18 the last %i bytes of an archive, which hold nothing, may be missing',
  async (lacking) => {
    for (const entries of [layoutOf(large, name), dockerSaved(large, [name])]) {
      const store = new TestStore()
      const archive = tarArchive(entries).slice(0, -lacking)
      expect((await importArchive(toAsync([archive]), store)).images).toMatchObject([{ name }])
    }
  },
)

it('L18 a layer without the end of its tar is imported unchanged', async () => {
  const open = Buffer.from(tarArchive([{ path: 'etc/motd', content: 'hello' }]).slice(0, -1024))
  const diff_ids = [digestOf(open)]
  const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids } }
  const list = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]
  for (const layer of [open, gzipSync(open)]) {
    const store = new TestStore()
    const entries = [file('config.json', config), file('layer.tar', layer), file('manifest.json', list)]
    expect((await importEntries(entries, store)).images).toMatchObject([{ name }])
    expect(await store.digests()).toContain(digestOf(layer))
  }
})

it('the index may come first, paths may start with ./, and directories are ignored', async () => {
  const store = new TestStore()
  const [layout, ...rest] = layoutOf(large, name).reverse()
  const entries = [layout, { path: 'blobs/', type: 'directory' as const }, ...rest]
  const dotted = entries.flatMap((entry) =>
    entry === undefined ? [] : [{ ...entry, path: `./${entry.path}` }],
  )
  await importEntries([{ path: './', type: 'directory' }, ...dotted], store)
  expect(await store.digests()).toEqual(digestsOf(large))
})

it.each(['gzip', 'zstd'])('%s archives are recognized by their first bytes', async (program) => {
  const archive = Buffer.from(tarArchive(layoutOf(large, name)))
  const { stdout } = spawnSync(program, ['-c'], { input: archive, maxBuffer: 2 ** 30 })
  const store = new TestStore()
  await importArchive(toAsync([stdout]), store)
  expect(await store.digests()).toEqual(digestsOf(large))
})

it('nested indexes and images share content', async () => {
  const nested = imageIndex([both, large])
  const store = new TestStore()
  const outcome = await importEntries(
    [
      layoutFile,
      indexFile(listed(nested, { [refName]: name }), listed(amd64, { [refName]: 'app:1' })),
      ...blobFiles([nested]),
    ],
    store,
  )
  expect(outcome.images.map((image) => image.name)).toEqual([name, 'docker.io/library/app:1'])
  expect(await store.digests()).toEqual(digestsOf(nested))
})

it('content of the store counts as present and is unchanged', async () => {
  const store = new TestStore()
  await store.add('docker.io/library/old:1', amd64)
  const without = amd64.blobs.map(({ descriptor }) => descriptor.digest)
  const outcome = await importEntries(layoutOf(amd64, name, without), store)
  expect(outcome).toMatchObject({ objects: 4, added: 0 })
  expect((await store.images()).map((image) => image.name)).toEqual(['docker.io/library/old:1', name])
})

it('content that no image needs is deleted', async () => {
  const store = new TestStore()
  const entries = [...layoutOf(amd64, name), ...blobFiles([large]), file('README', 'x'.repeat(2_000_000))]
  expect(await importEntries(entries, store)).toMatchObject({ objects: 4, added: 4 })
  expect(await store.digests()).toEqual(digestsOf(amd64))
})

it('a name moves from another image to the imported one', async () => {
  const store = new TestStore()
  await store.add(name, large)
  await importEntries(layoutOf(amd64, name), store)
  expect(await store.names.get(name)).toMatchObject({ desc: { digest: amd64.descriptor.digest } })
})

describe('a part of an index', () => {
  const armParts = digestsOf(arm64).filter((digest) => !digestsOf(amd64).includes(digest))

  it('without a recorded selection gets the complete platforms as its selection', async () => {
    const store = new TestStore()
    const { images } = await importEntries(layoutOf(both, name, armParts), store)
    expect(images).toMatchObject([{ desc: both.descriptor, selection: ['linux/amd64'] }])
  })

  it('is merged with the published selection of the same digest', async () => {
    const store = new TestStore()
    await store.add(name, both, { selection: ['linux/arm64'] })
    const { images } = await importEntries(layoutOf(both, name, armParts), store)
    expect(images).toMatchObject([{ selection: ['linux/amd64', 'linux/arm64'] }])
  })

  it('that is recorded as complete is an error', async () => {
    const store = new TestStore()
    const told = { [containerdName]: name, 'dev.dist.selection': 'all' }
    const entries = [layoutFile, ...blobFiles([both], armParts), indexFile(listed(both, told))]
    await expect(importEntries(entries, store)).rejects.toEqual(
      errorOf('MALFORMED', name, arm64.descriptor.digest),
    )
    expect(await store.digests()).toEqual([])
  })

  it('without a complete platform is an error', async () => {
    const without = [...digestsOf(amd64), ...digestsOf(arm64)]
    await expect(importEntries(layoutOf(both, name, without), new TestStore())).rejects.toEqual(
      errorOf('MALFORMED', name, amd64.descriptor.digest, arm64.descriptor.digest),
    )
  })
})

it('one platform of an index is imported as the image itself', async () => {
  const store = new TestStore()
  const { images } = await importEntries(layoutOf(both, name), store, { platform: linux('arm64') })
  expect(images).toEqual([{ name, desc: bareDescriptor(arm64.descriptor), selection: 'all' }])
  expect(await store.digests()).toEqual(digestsOf(arm64))
  await expect(importEntries(layoutOf(both, name), store, { platform: linux('s390x') })).rejects.toEqual(
    errorOf('NOT_FOUND', name, 'linux/s390x'),
  )
})

describe('names', () => {
  const entries = (...annotations: Record<string, string>[]) => [
    layoutFile,
    ...blobFiles([amd64]),
    indexFile(...annotations.map((each) => listed(amd64, each))),
  ]
  const imported = async (annotations: Record<string, string>[], given?: string) => {
    const options = given === undefined ? {} : { name: parseGivenName(given) }
    const { images } = await importEntries(entries(...annotations), new TestStore(), options)
    return images.map((image) => image.name)
  }
  const { digest } = amd64.descriptor

  it('are those of containerd, or the complete reference of the layout', async () => {
    expect(await imported([{ [containerdName]: 'quay.io/a/b:1', [refName]: '1' }])).toEqual(['quay.io/a/b:1'])
    expect(await imported([{ [refName]: 'a/b:1' }])).toEqual(['docker.io/a/b:1'])
    expect(await imported([{ [refName]: 'quay.io/a' }, { [refName]: 'quay.io/b' }])).toEqual([
      'quay.io/a:latest',
      'quay.io/b:latest',
    ])
    const byDigest = `quay.io/a/b@${digest}`
    expect(await imported([{ [refName]: byDigest }])).toEqual([byDigest])
  })

  it('with only a tag need the repository', async () => {
    expect(await imported([{ [refName]: '1.2' }], 'quay.io/a/b')).toEqual(['quay.io/a/b:1.2'])
    await expect(imported([{ [refName]: '1.2' }])).rejects.toEqual(
      errorOf('INVALID_ARGUMENT', '"1.2"', digest, '--name'),
    )
  })

  it('that are missing are given, or made from the digest', async () => {
    expect(await imported([{}], 'quay.io/a/b:3')).toEqual(['quay.io/a/b:3'])
    expect(await imported([{}], 'quay.io/a/b')).toEqual([`quay.io/a/b@${digest}`])
    expect(await imported([{}], `quay.io/a/b:3@${digest}`)).toEqual([
      'quay.io/a/b:3',
      `quay.io/a/b@${digest}`,
    ])
    await expect(imported([{}])).rejects.toEqual(errorOf('INVALID_ARGUMENT', digest, '--name'))
  })

  it('of one image can be replaced, of several images not', async () => {
    expect(await imported([{ [refName]: 'old:1' }], 'new:2')).toEqual(['docker.io/library/new:2'])
    const two = [layoutFile, ...blobFiles([both]), indexFile(listed(amd64), listed(arm64))]
    const given = importEntries(two, new TestStore(), { name: parseGivenName('new:2') })
    await expect(given).rejects.toEqual(errorOf('INVALID_ARGUMENT', 'new:2', '2'))
    const other = `quay.io/a@${arm64.descriptor.digest}`
    await expect(imported([{}], other)).rejects.toEqual(errorOf('INVALID_ARGUMENT', digest))
  })

  it('an image without a name is left out if others have one', async () => {
    const store = new TestStore()
    const two = [
      layoutFile,
      ...blobFiles([both]),
      indexFile(listed(amd64), listed(arm64, { [refName]: name })),
    ]
    const outcome = await importEntries(two, store)
    expect(outcome.nameless).toEqual([bareDescriptor(amd64.descriptor)])
    expect(await store.digests()).toEqual(digestsOf(arm64))
  })

  it.each([
    ['that is no reference', 'Not A Name/x:1'],
    ['of another digest', `quay.io/a@${arm64.descriptor.digest}`],
  ])('a name %s is malformed', async (_, wrong) => {
    await expect(imported([{ [containerdName]: wrong }])).rejects.toEqual(errorOf('MALFORMED', wrong))
  })

  it('one name for two images is an error', async () => {
    const two = [
      layoutFile,
      ...blobFiles([both]),
      indexFile(listed(amd64, { [refName]: name }), listed(arm64, { [refName]: name })),
    ]
    await expect(importEntries(two, new TestStore())).rejects.toEqual(errorOf('MALFORMED', name))
  })
})

it('a blob that is in the archive twice is one blob', async () => {
  const store = new TestStore()
  await importEntries([...blobFiles([amd64]), ...layoutOf(amd64, name)], store)
  expect(await store.digests()).toEqual(digestsOf(amd64))
})

it('an import ends at an abort, and nothing of it stays', async () => {
  const store = new TestStore()
  const abort = new AbortController()
  const source = async function* () {
    const archive = tarArchive(layoutOf(large, name))
    yield archive.subarray(0, 2_000_000)
    abort.abort()
    yield archive.subarray(2_000_000)
  }
  await expect(importArchive(source(), store, { signal: abort.signal })).rejects.toEqual(errorOf('CANCELED'))
  expect(await store.digests()).toEqual([])
  expect(await store.images()).toEqual([])
})

it('an archive in small chunks is the same archive', async () => {
  const archive = gzipSync(tarArchive(layoutOf(amd64, name)))
  const pieces = async function* () {
    for (let start = 0; start < archive.length; start += 100) yield archive.subarray(start, start + 100)
  }
  const store = new TestStore()
  await importArchive(pieces(), store)
  expect(await store.digests()).toEqual(digestsOf(amd64))
  const [config] = amd64.blobs
  expect(config && blobFile(config).path).toMatch(/^blobs\/sha256\//)
})
