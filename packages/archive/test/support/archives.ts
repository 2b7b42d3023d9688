import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import {
  allContent,
  type FixtureBlob,
  type FixtureImage,
  type FixtureLayer,
  type TarEntry,
  tarArchive,
  uncompressedLayer,
} from '@dist/testkit/fixtures'
import { importArchive } from '../../src/index.js'
import { type TestStore, toAsync } from './store.js'

export const containerdName = 'io.containerd.image.name'
export const refName = 'org.opencontainers.image.ref.name'

/** The entry of an image in `index.json`. */
export function listed(image: FixtureImage, annotations: Record<string, string> = {}): Descriptor {
  const { mediaType, digest, size } = image.descriptor
  return { mediaType, digest, size, annotations }
}

export function file(path: string, content: unknown): TarEntry {
  const raw = typeof content === 'string' || content instanceof Uint8Array
  return { path, content: raw ? content : JSON.stringify(content) }
}

export const layoutFile = file('oci-layout', { imageLayoutVersion: '1.0.0' })

export function indexFile(...manifests: readonly unknown[]): TarEntry {
  return file('index.json', { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })
}

export function blobFile({ descriptor, open }: FixtureBlob): TarEntry {
  return file(`blobs/${descriptor.digest.replace(':', '/')}`, Buffer.concat([...open()]))
}

/** The blobs of images, each once, without those that are left out. */
export function blobFiles(images: readonly FixtureImage[], without: readonly string[] = []): TarEntry[] {
  const all = new Map(images.flatMap(allContent).map((blob) => [blob.descriptor.digest, blob]))
  return [...all.values()].filter(({ descriptor }) => !without.includes(descriptor.digest)).map(blobFile)
}

/** A layout with one image of this name. */
export function layoutOf(image: FixtureImage, name: string, without: readonly string[] = []): TarEntry[] {
  return [layoutFile, ...blobFiles([image], without), indexFile(listed(image, { [containerdName]: name }))]
}

/** The files of an image in `docker save`: uncompressed layers and no manifest. */
export function dockerParts(image: FixtureImage) {
  const [config, ...layers] = image.blobs as [FixtureBlob, ...FixtureLayer[]]
  return {
    config: Buffer.concat([...config.open()]),
    layers: layers.map((layer) => uncompressedLayer(layer)),
  }
}

const hexOf = (bytes: Uint8Array) => digestOf(bytes).slice(7)

/** An archive like skopeo's `docker-archive:`: the list at the end, old paths as links. */
export function skopeoArchive(images: readonly (readonly [FixtureImage, readonly string[]])[]): TarEntry[] {
  const entries = new Map<string, TarEntry>()
  const add = (entry: TarEntry) => entries.set(String(entry.path), entry)
  const list = images.map(([image, RepoTags]) => {
    const { config, layers } = dockerParts(image)
    for (const layer of layers) add(file(`${hexOf(layer)}.tar`, layer))
    add(file(`${hexOf(config)}.json`, config))
    for (const layer of layers) {
      const id = hexOf(Buffer.from(`id of ${hexOf(layer)}`))
      add({ path: `${id}/layer.tar`, link: `../${hexOf(layer)}.tar` })
      add(file(`${id}/VERSION`, '1.0'))
      add(file(`${id}/json`, { id }))
    }
    return {
      Config: `${hexOf(config)}.json`,
      RepoTags,
      Layers: layers.map((layer) => `${hexOf(layer)}.tar`),
    }
  })
  return [...entries.values(), file('repositories', {}), file('manifest.json', list)]
}

/** An archive like that of `docker save` before version 25: a directory for each layer, repeated ones as links. */
export function dockerSaved(image: FixtureImage, tags: readonly string[] | null): TarEntry[] {
  const { config, layers } = dockerParts(image)
  const paths = layers.map((layer, i) => `${hexOf(Buffer.from(`${i} ${hexOf(layer)}`))}/layer.tar`)
  const first = (layer: Uint8Array) => layers.findIndex((other) => hexOf(other) === hexOf(layer))
  return [
    ...layers.flatMap((layer, i): TarEntry[] => {
      const path = paths[i] ?? ''
      const folder = path.replace('layer.tar', '')
      return [
        { path: folder, type: 'directory' },
        file(`${folder}VERSION`, '1.0'),
        file(`${folder}json`, {}),
        first(layer) === i ? file(path, layer) : { path, link: `../${paths[first(layer)]}` },
      ]
    }),
    file(`${hexOf(config)}.json`, config),
    file('manifest.json', [{ Config: `${hexOf(config)}.json`, RepoTags: tags, Layers: paths }]),
  ]
}

export function importEntries(
  entries: readonly TarEntry[],
  store: TestStore,
  options: Parameters<typeof importArchive>[2] = {},
) {
  return importArchive(toAsync([tarArchive(entries)]), store, options)
}
