import { type Descriptor, digestOf, maxManifestSize, mediaTypes } from '@dist/oci'
import {
  type FixtureBlob,
  fixtureBlob,
  ociImage,
  seededLayer,
  type TarEntry,
  tarArchive,
} from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { readEntries } from '../src/entries.js'
import { importArchive } from '../src/index.js'
import {
  blobFiles,
  containerdName,
  dockerSaved,
  file,
  importEntries,
  indexFile,
  layoutFile,
  layoutOf,
  listed,
} from './support/archives.js'
import { errorOf } from './support/errors.js'
import { digestsOf, TestStore, toAsync } from './support/store.js'

const image = ociImage({ layers: [seededLayer('small', 3000), seededLayer('large', 2_500_000)] })
const [config, small, large] = image.blobs as [FixtureBlob, FixtureBlob, FixtureBlob]
const other = ociImage({ layers: [seededLayer('other', 1000)] })
const name = 'registry.example.com/app:1'
const whole = layoutOf(image, name)
const pathOf = ({ descriptor }: { descriptor: Descriptor }) => `blobs/${descriptor.digest.replace(':', '/')}`

/** The archive with other content or fields at a path. */
const replaced = (path: string, parts: Partial<TarEntry>) =>
  whole.map((entry) => (entry.path === path ? { ...entry, ...parts } : entry))

/** Imports into a store with one image, and checks that it has nothing else afterwards. */
async function refused(entries: readonly TarEntry[] | Uint8Array): Promise<unknown> {
  const store = new TestStore()
  const there = await store.add('docker.io/library/there:1', other)
  const archive = entries instanceof Uint8Array ? entries : tarArchive(entries)
  const failure = await importArchive(toAsync([archive]), store).then(
    () => 'no failure',
    (error: unknown) => error,
  )
  expect(await store.images()).toEqual([there])
  expect(await store.digests()).toEqual(digestsOf(other))
  for await (const status of store.content.statuses()) expect(status).toBe('over')
  return failure
}

function flipped({ open }: FixtureBlob): Buffer {
  const bytes = Buffer.concat([...open()])
  return bytes.fill((bytes[100] ?? 0) ^ 1, 100, 101)
}

describe('nothing is imported, and nothing stays, of an archive', () => {
  it.each([
    ['small', small],
    ['large', large],
    ['the config', config],
  ])('S3 with a blob that does not match its name (%s)', async (_, blob) => {
    const content = flipped(blob)
    expect(await refused(replaced(pathOf(blob), { content }))).toEqual(
      errorOf('FAILED_PRECONDITION', blob.descriptor.digest, digestOf(content)),
    )
  })

  it.each([
    ['small', small],
    ['large', large],
  ])('S3 with a damaged blob that the store has undamaged (%s)', async (_, blob) => {
    const store = new TestStore()
    await store.put(blob)
    const entries = replaced(pathOf(blob), { content: flipped(blob) })
    await expect(importEntries(entries, store)).rejects.toEqual(
      errorOf('FAILED_PRECONDITION', blob.descriptor.digest),
    )
    expect(await store.digests()).toEqual([blob.descriptor.digest])
  })

  it('with another, valid image', async () => {
    const entries = [
      layoutFile,
      ...blobFiles([image, other], [large.descriptor.digest]),
      indexFile(listed(other, { [containerdName]: 'app:2' }), listed(image, { [containerdName]: name })),
    ]
    expect(await refused(entries)).toEqual(errorOf('MALFORMED', name, large.descriptor.digest))
  })

  it.each([
    ['a layer', large.descriptor.digest],
    ['the config', config.descriptor.digest],
    ['the manifest', image.descriptor.digest],
  ])('that lacks %s', async (_, digest) => {
    expect(await refused(layoutOf(image, name, [digest]))).toEqual(errorOf('MALFORMED', name, digest))
  })

  it('whose descriptors have other sizes', async () => {
    const wrong = { ...listed(image, { [containerdName]: name }), size: 7 }
    expect(await refused([layoutFile, ...blobFiles([image]), indexFile(wrong)])).toEqual(
      errorOf('MALFORMED', name, image.descriptor.digest),
    )
  })

  const archive = tarArchive(whole)
  it.each([0, 1, 511, 512, 700, 5000, 1_000_000, archive.length - 1536])(
    'that ends after %i bytes',
    async (length) => {
      expect(await refused(archive.subarray(0, length))).toEqual(errorOf('MALFORMED'))
    },
  )

  it('that is not a tar', async () => {
    expect(await refused(Buffer.from('x'.repeat(5000)))).toEqual(errorOf('MALFORMED'))
  })

  it('without an index and without a manifest.json', async () => {
    expect(await refused([layoutFile, ...blobFiles([image])])).toEqual(
      errorOf('MALFORMED', 'index.json', 'manifest.json'),
    )
    expect(await refused([])).toEqual(errorOf('MALFORMED', 'index.json'))
  })

  it.each([
    ['index.json', indexFile()],
    ['manifest.json', file('manifest.json', [])],
  ])('whose %s lists nothing', async (_, document) => {
    expect(await refused([document])).toEqual(errorOf('MALFORMED', 'no image'))
  })

  it.each(['/etc/passwd', '../blobs', 'blobs/../../x', '..'])(
    'with an entry outside the archive: %s',
    async (path) => {
      expect(await refused([file(path, 'x'), ...whole])).toEqual(
        errorOf('MALFORMED', path, 'outside the archive'),
      )
    },
  )

  it.each([
    ['a/layer.tar', '../../x'],
    ['a/layer.tar', '/etc/passwd'],
    ['layer.tar', '..'],
  ])('with a link outside the archive: %s to %s', async (path, link) => {
    expect(await refused([{ path, link }, ...whole])).toEqual(
      errorOf('MALFORMED', path, 'outside the archive'),
    )
  })

  it.each(['fifo', 'character', 'block'] as const)('with an entry that is no file: %s', async (type) => {
    expect(await refused([{ path: 'pipe', type }, ...whole])).toEqual(errorOf('MALFORMED', '"pipe"'))
  })

  it.each(['index.json', pathOf(small)])('where %s is a link', async (path) => {
    const linked = replaced(path, { path, type: 'symlink', link: 'elsewhere', content: '' })
    expect(await refused(linked)).toEqual(errorOf('MALFORMED', path))
    const hard = replaced(path, { path, type: 'hardlink', link: 'elsewhere', content: '' })
    expect(await refused(hard)).toEqual(errorOf('MALFORMED', path))
  })

  it.each(['index.json', 'manifest.json', 'oci-layout'])(
    'with a %s that is larger than a manifest may be',
    async (path) => {
      const entries = [file(path, Buffer.alloc(maxManifestSize + 1, ' ')), ...whole]
      expect(await refused(entries)).toEqual(errorOf('MALFORMED', path, String(maxManifestSize)))
    },
  )

  it('with a size beyond the limit, before anything is read', async () => {
    const huge = { path: 'blobs/huge', pax: { size: String(6 * 1024 ** 4) } }
    expect(await refused([huge, ...whole])).toEqual(errorOf('MALFORMED', 'blobs/huge', '6597069766656'))
  })

  it.each([
    ['index.json', indexFile(listed(other))],
    ['oci-layout', layoutFile],
  ])('with %s twice', async (path, again) => {
    expect(await refused([...whole, again])).toEqual(errorOf('MALFORMED', path, 'twice'))
  })

  it('with two contents for one path', async () => {
    expect(await refused([file('a', '1'), file('a', '2'), ...whole])).toEqual(errorOf('MALFORMED', '"a"'))
  })

  it('with an index that is invalid', async () => {
    expect(await refused([file('index.json', '{')])).toEqual(errorOf('MALFORMED', 'index.json'))
    expect(await refused([file('index.json', { layers: [] })])).toEqual(errorOf('MALFORMED', 'index.json'))
  })

  it('with a newer or an invalid layout file', async () => {
    expect(await refused([file('oci-layout', { imageLayoutVersion: '2.0.0' }), ...whole.slice(1)])).toEqual(
      errorOf('NOT_IMPLEMENTED', 'layout'),
    )
    expect(await refused([file('oci-layout', {}), ...whole.slice(1)])).toEqual(
      errorOf('MALFORMED', 'oci-layout'),
    )
  })

  it('that lists content that is not an image', async () => {
    const blob = { ...small.descriptor, mediaType: mediaTypes.octetStream }
    expect(await refused([...whole.slice(0, -1), indexFile(blob)])).toEqual(
      errorOf('NOT_IMPLEMENTED', small.descriptor.digest),
    )
  })

  it('with an invalid manifest', async () => {
    const broken = fixtureBlob('{"schemaVersion":2}', mediaTypes.ociManifest)
    const entries = [
      file(pathOf(broken), '{"schemaVersion":2}'),
      indexFile({ ...broken.descriptor, annotations: { [containerdName]: name } }),
    ]
    expect(await refused(entries)).toEqual(errorOf('MALFORMED', name, broken.descriptor.digest))
  })

  it('with an invalid selection', async () => {
    const told = { [containerdName]: name, 'dev.dist.selection': 'linux' }
    expect(await refused([...whole.slice(0, -1), indexFile(listed(image, told))])).toEqual(
      errorOf('MALFORMED', 'dev.dist.selection'),
    )
  })
})

it('the entries of an archive are counted, directories included', async () => {
  const archive = tarArchive([{ path: 'd', type: 'directory' }, file('a', ''), file('b', '')])
  const read = async (limit: number) => {
    const paths: string[] = []
    for await (const { path } of readEntries(toAsync([archive]), { limit })) paths.push(path)
    return paths
  }
  expect(await read(3)).toEqual(['a', 'b'])
  await expect(read(2)).rejects.toEqual(errorOf('MALFORMED', 'more than 2 entries'))
})

it('S8 the error of the source is thrown, and nothing of the archive stays', async () => {
  const store = new TestStore()
  const archive = tarArchive(whole)
  const source = async function* () {
    yield archive.subarray(0, 100_000)
    throw new Error('the disk is gone')
  }
  await expect(importArchive(source(), store)).rejects.toThrow('the disk is gone')
  expect(await store.digests()).toEqual([])
})

it('S19 an image that is published during a failed import keeps its content', async () => {
  const store = new TestStore()
  const archive = tarArchive([...blobFiles([image]), ...dockerSaved(other, ['x:1'])])
  const source = async function* () {
    yield archive.subarray(0, archive.length - 1524)
    await store.add('docker.io/library/mine:1', image)
  }
  await expect(importArchive(source(), store)).rejects.toEqual(errorOf('MALFORMED'))
  expect(await store.digests()).toEqual(digestsOf(image))
})

it('S18 nothing is deleted if an image of the store cannot be read: it may need the content', async () => {
  const store = new TestStore()
  await store.add('docker.io/library/damaged:1', other)
  await store.damage(other.descriptor.digest, Buffer.alloc(other.descriptor.size, ' '))
  await expect(importEntries(layoutOf(image, name, [config.descriptor.digest]), store)).rejects.toEqual(
    errorOf('MALFORMED', config.descriptor.digest),
  )
  const left = [...digestsOf(image), ...digestsOf(other)].filter(
    (digest) => digest !== config.descriptor.digest,
  )
  expect(await store.digests()).toEqual(left.sort())
})

it('the error says that content is left if deleting fails', async () => {
  const store = new TestStore()
  const failing = { ...store.content, delete: () => Promise.reject(new Error('the store is read-only')) }
  const entries = layoutOf(image, name, [large.descriptor.digest])
  const failure = importArchive(toAsync([tarArchive(entries)]), { content: failing, names: store.names })
  await expect(failure).rejects.toEqual(
    errorOf('MALFORMED', large.descriptor.digest, 'left in the store', 'read-only'),
  )
})
